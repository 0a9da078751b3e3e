from __future__ import annotations

import re
from datetime import UTC, datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest

from infra.daily_log.search.finding import find
from infra.daily_log.search.query import LogQuery
from infra.daily_log.search.words import words_of
from infra.daily_log.time_expressions.when import When
from models.labels import NAMES_BY_KIND
from tests.infra.daily_log.corrected_log import S
from tests.infra.daily_log.search.named import each_of
from tests.infra.daily_log.search.searched_log import HOUR, LOG

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 11, 28, 14, 30, tzinfo=UTC)
NAMES = {
    "scenario": ["Cooking", "Eating", "Car - commuting, road trip"],
    "activity": ["walking"],
    "sound": ["clapping", "frying", "water tap"],
}


def test_a_few_words_are_a_query() -> None:
    query = words_of("Clapping near, Tuesday afternoon", NAMES, NOW)
    assert query == LogQuery(
        named=each_of(sound="clapping"),
        places=("near",),
        when=When(frozenset({1}), minutes=((12 * 60, 18 * 60),)),
    )
    assert words_of("car - commuting, road trip in the evening", NAMES, NOW) == LogQuery(
        named=each_of(scenario="Car - commuting, road trip"),
        when=When(minutes=((18 * 60, 24 * 60),)),
    )


def test_the_present_is_in_the_zone_of_the_times() -> None:
    # On Friday morning in Tokyo.
    now = datetime(1970, 1, 1, 20, tzinfo=UTC).astimezone(TOKYO)
    query = words_of("cooking yesterday between 10 and midnight", NAMES, now)
    assert query.zone == TOKYO
    assert [hit.start_ns // S for hit in find(LOG, query)] == [14 * HOUR]
    # 15:00 UTC is the next day's midnight there, and the minutes past midnight may be of the day.
    assert query.within(0, 2**62) == (0, (15 + 24) * HOUR * S)
    assert query.within(20 * HOUR * S, 2**62) == (20 * HOUR * S, (15 + 24) * HOUR * S)


def test_words_that_mean_nothing_are_listed_and_ask_for_nothing() -> None:
    query = words_of("zebras on the moon", NAMES, NOW)
    assert query.unknown_words == ("zebras", "moon")
    assert not query.asks
    assert words_of("eating", NAMES, NOW).asks


def test_a_place_on_the_body_is_where_the_device_was() -> None:
    query = words_of("eating in the pocket", NAMES, NOW)
    assert query == LogQuery(named=each_of(scenario="Eating"), worn=("pocket",), when=query.when)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("car", {"scenario": "Car - commuting, road trip"}),
        ("desk work", {"scenario": "Working at desk"}),
        ("working out", {"scenario": "Working out at home"}),
        (
            "talking to friends",
            {"activity": "talking", "scenario": "Talking with friends/housemates"},
        ),
        ("read", {"scenario": "Reading books"}),
        ("walk", {"activity": "walking"}),
        ("tap", {"sound": "water tap"}),
    ],
)
def test_a_name_is_meant_by_words_of_it(words: str, names: dict[str, str]) -> None:
    assert words_of(words, NAMES_BY_KIND, NOW) == LogQuery(named=each_of(**names))


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("clapping near", [["activity clapping", "sound clapping"]]),
        ("eating", [["scenario Eating", "activity eating"]]),
        ("cooking or frying", [["scenario Cooking", "sound frying"]]),
        (
            "cooking or eating yesterday",
            [["scenario Cooking", "scenario Eating", "activity eating"]],
        ),
        (
            "frying, speech, or music at 8 or 9",
            [["sound frying", "sound speech", "sound music"]],
        ),
        ("read or cooking", [["scenario Reading books", "scenario Cooking"]]),
        ("desk work or car", [["scenario Working at desk", "scenario Car - commuting, road trip"]]),
        ("speech and music", [["sound speech"], ["sound music"]]),
    ],
)
def test_of_names_with_or_between_and_of_one_of_several_kinds_any_is_meant(
    words: str, named: list[list[str]]
) -> None:
    query = words_of(words, NAMES_BY_KIND, NOW)
    assert [[" ".join(each) for each in either] for either in query.named] == named
    assert query.unknown_words == ()
    assert query.asks


def test_places_with_or_between_are_alternatives() -> None:
    query = words_of("frying near, left or right", NAMES, NOW)
    assert query == LogQuery(
        named=each_of(sound="frying"), places=("near",), either_place=("left", "right")
    )
    worn = words_of("eating in the pocket or on the wrist", NAMES, NOW)
    assert worn == LogQuery(named=each_of(scenario="Eating"), worn=("pocket", "wrist"))


def test_of_alternatives_what_is_not_known_is_listed() -> None:
    query = words_of("cooking or zebras", NAMES, NOW)
    assert query == LogQuery(named=each_of(scenario="Cooking"), unknown_words=("zebras",))
    assert words_of("or cooking or", NAMES, NOW) == LogQuery(named=each_of(scenario="Cooking"))


def test_words_that_fit_several_names_alike_mean_none_of_them() -> None:
    names = {"scenario": ("Working at desk", "Working out at home")}
    assert words_of("working", names, NOW).unknown_words == ("working",)
    assert words_of("wo", {"scenario": ("Working at desk",)}, NOW).unknown_words == ("wo",)


def test_a_note_is_searched_for_what_is_in_quotes() -> None:
    for text in ('eating "with  Ada"', "\u201cwith Ada\u201d eating"):
        query = words_of(text, NAMES, NOW)
        assert query == LogQuery(named=each_of(scenario="Eating"), notes=("with Ada",))
        assert [hit.start_ns // S for hit in find(LOG, query)] == [60]
    assert words_of('"ada"', NAMES, NOW).asks
    # What is in quotes is neither a name nor a time.
    assert words_of('"cooking yesterday"', NAMES, NOW) == LogQuery(notes=("cooking yesterday",))
    both = words_of('"with Ada" eating "at noon" " "', NAMES, NOW)
    assert both == LogQuery(named=each_of(scenario="Eating"), notes=("with Ada", "at noon"))
    assert words_of('eating "', NAMES, NOW).notes == ()


@pytest.mark.parametrize(
    ("question", "names", "when"),
    [
        ("What did I do yesterday?", {}, "Friday 27 November 2026"),
        (
            "When was I cooking over the weekend?",
            {"scenario": "Cooking"},
            "from 28 November 2026 to 29 November 2026",
        ),
        (
            "Eating, all of last month",
            {"scenario": "Eating"},
            "from 1 October 2026 to 31 October 2026",
        ),
    ],
)
def test_a_question_is_read_without_its_small_words(
    question: str, names: dict[str, str], when: str
) -> None:
    query = words_of(question, NAMES, NOW)
    assert query == LogQuery(named=each_of(**names), when=query.when)
    assert query.when.text(UTC) == when


def test_a_decimal_comma_is_no_list() -> None:
    assert words_of("cooking 1,5 hours ago", NAMES, NOW) == words_of(
        "cooking 1.5 hours ago", NAMES, NOW
    )
    assert words_of("cooking Nov 20,2025", NAMES, NOW).when.text(UTC) == (
        "Thursday 20 November 2025"
    )


def test_the_examples_of_the_page_are_understood() -> None:
    page = (files("streams.web") / "static" / "index.html").read_text("utf-8")
    examples = re.findall(r'<option value="([^"]+)">', page.split('id="find-examples"')[1])
    examples += re.findall(r'id="find-words".*placeholder="([^"]+)"', page)
    assert len(examples) >= 5
    for example in examples:
        query = words_of(example, NAMES_BY_KIND, NOW)
        assert (example, query.unknown_words) == (example, ())
        assert query.named or query.worn
        assert query.when != When()
