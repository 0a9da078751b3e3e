from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from infra.daily_log.corrections import apply_corrections
from infra.daily_log.search.finding import find
from infra.daily_log.search.query import LogQuery, Name
from infra.daily_log.time_expressions.when import When
from schemas import SoundPlace
from tests.infra.daily_log.corrected_log import S, activity, scenario
from tests.infra.daily_log.search.named import each_of
from tests.infra.daily_log.search.searched_log import HOUR, LOG

TOKYO = ZoneInfo("Asia/Tokyo")
EATING, DRIVING = Name("scenario", "eating"), Name("scenario", "driving")
FRYING, CLAPPING = Name("sound", "frying"), Name("sound", "clapping")


@pytest.mark.parametrize(
    ("query", "starts"),
    [
        (LogQuery(named=each_of(scenario="cooking")), [0, 14 * HOUR]),
        (LogQuery(named=each_of(sound="Clapping")), [30, 14 * HOUR]),
        (LogQuery(named=each_of(sound="clapping"), places=("near",)), [14 * HOUR]),
        (LogQuery(places=("left",)), [30]),
        (LogQuery(named=each_of(activity="walking")), [30]),
        (LogQuery(confidence=(0.0, 0.5)), [60]),
        (LogQuery(notes=("ada",)), [60]),
        (LogQuery(notes=("ada", "WITH")), [60]),
        (LogQuery(notes=("ada", "bob")), []),
        (LogQuery(worn=("pocket",)), [60]),
        (LogQuery(worn=("head",)), [0]),
        (LogQuery(worn=("ear",)), []),
        (LogQuery(worn=("pocket", "head")), [0, 60]),
        (LogQuery(named=each_of(scenario="driving")), [20 * HOUR]),
        (LogQuery(named=((EATING, FRYING),)), [0, 60]),
        (LogQuery(named=((EATING, DRIVING),)), [60, 20 * HOUR]),
        (LogQuery(named=((DRIVING,), (FRYING, DRIVING))), [20 * HOUR]),
        (LogQuery(named=((FRYING,), (EATING, DRIVING))), []),
        (LogQuery(named=((CLAPPING, DRIVING),), places=("near",)), [14 * HOUR]),
        (LogQuery(named=each_of(sound="clapping"), either_place=("left", "back")), [30, 14 * HOUR]),
        (
            LogQuery(
                named=each_of(sound="clapping"), places=("near",), either_place=("left", "back")
            ),
            [14 * HOUR],
        ),
        (LogQuery(when=When(frozenset({3}), minutes=((12 * 60, 18 * 60),))), [14 * HOUR]),
        (LogQuery(when=When(frozenset({4}))), []),
        # In Tokyo it is eleven at night, and Friday from 15:00 UTC on.
        (
            LogQuery(when=When(minutes=((18 * 60, 24 * 60),)), zone=TOKYO),
            [14 * HOUR],
        ),
        (LogQuery(when=When(frozenset({4})), zone=TOKYO), [20 * HOUR]),
    ],
)
def test_everything_that_is_asked_for_has_to_hold(query: LogQuery, starts: list[int]) -> None:
    assert [hit.start_ns // S for hit in find(LOG, query)] == starts


def test_a_named_sound_is_where_it_was_itself() -> None:
    places = {
        "clapping": SoundPlace(distance="near", near=0.9, direction="left"),
        "speech": SoundPlace(distance="unknown", near=0.5),
    }
    sounds = {"clapping": 0.6, "speech": 0.5, "music": 0.4}
    regions = {"back-far": 0.9, "left-near": 0.2}
    eating = scenario(0, "Eating", sound_events=sounds, spatial=regions, sound_places=places)
    log = apply_corrections([eating], [], [])

    def hits(sound: str | None, *where: str) -> int:
        named = () if sound is None else each_of(sound=sound)
        return len(find(log, LogQuery(named=named, places=where)))

    assert (hits("Clapping", "near"), hits("clapping", "near", "left")) == (1, 1)
    assert (hits("clapping", "far"), hits("clapping", "back")) == (0, 0)
    assert (hits("speech", "near"), hits("speech", "far")) == (0, 0)
    # Whose place is not recorded is where all sound is.
    assert (hits("music", "far"), hits("music", "near")) == (1, 0)
    # Any sound is where one event is, or all sound.
    assert (hits(None, "near", "left"), hits(None, "back", "far")) == (1, 1)
    assert (hits(None, "right"), hits(None, "back", "near")) == (0, 0)


def test_what_may_be_a_sound_or_an_activity_is_in_a_place_as_the_one_that_it_was() -> None:
    far, near = SoundPlace(distance="far", near=0.1), SoundPlace(distance="near", near=0.9)
    sounds = {"clapping": 0.6, "speech": 0.5}
    places = [{"clapping": near, "speech": far}, {"clapping": far, "speech": near}]
    clapping = [
        scenario(n * 600, "Eating", sound_events=sounds, sound_places=each)
        for n, each in enumerate(places)
    ]
    silent = scenario(1_200, "Eating", sound_events={"speech": 0.5}, sound_places={"speech": near})
    clapped = activity(1_205).model_copy(update={"activities": {"clapping": 0.9}})
    log = apply_corrections([*clapping, silent], [clapped], [])
    either = (Name("activity", "clapping"), CLAPPING)
    hits = find(log, LogQuery(named=(either,), places=("near",)))
    assert [hit.start_ns // S for hit in hits] == [0, 1_200]
