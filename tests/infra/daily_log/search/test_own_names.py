from __future__ import annotations

from datetime import UTC, datetime

from infra.daily_log.search.own_names import with_own_names
from infra.daily_log.search.words import words_of
from models.labels import NAMES_BY_KIND
from tests.infra.daily_log.corrected_log import correction, named_span, undo
from tests.infra.daily_log.search.named import each_of

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_what_the_wearer_named_is_understood_beside_the_log_s_names() -> None:
    said = [
        correction(1, named_span(0, 60, "Käse kochen", "Eating")),
        correction(2, named_span(60, 90, "knitting"), row="activity"),
        correction(3, named_span(90, 99, "Monday meeting")),
    ]
    names = with_own_names(NAMES_BY_KIND, said)
    assert words_of("käse kochen", names, NOW).named == each_of(scenario="Käse kochen")
    assert words_of("Knitting on Monday", names, NOW).named == each_of(activity="knitting")
    assert words_of("monday meeting", names, NOW).named == each_of(scenario="Monday meeting")
    assert names["scenario"].count("Eating") == 1


def test_a_name_that_is_a_time_or_a_place_keeps_its_meaning() -> None:
    said = [
        correction(1, named_span(0, 60, label)) for label in ("Tuesday", "near", "9999 years ago")
    ]
    assert with_own_names(NAMES_BY_KIND, said) == dict(NAMES_BY_KIND)


def test_what_the_log_says_after_an_undo_is_not_the_wearer_s_name() -> None:
    said = [undo(2, correction(1, named_span(0, 60, "Angling")))]
    assert with_own_names(NAMES_BY_KIND, said) == dict(NAMES_BY_KIND)
