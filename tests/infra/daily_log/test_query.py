from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest

from infra.daily_log.corrections import apply_corrections
from infra.daily_log.records import DeviceSummary
from infra.daily_log.search import LogQuery, days_of_log, find, words_of
from infra.daily_log.time_expressions.when import When
from models.labels import ACTIVITIES, SCENARIOS, SOUND_EVENTS
from schemas import BodyPosition, SoundPlace
from tests.infra.daily_log.test_corrections import S, activity, correction, named_span, scenario

# 1970-01-01 is a Thursday.
HOUR = 3_600
TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 11, 28, 14, 30, tzinfo=UTC)
GLASSES = BodyPosition(at="glasses", probability=1.0, said=True)
RECORDS = [
    scenario(
        0, "Cooking", sound_events={"frying": 0.9}, spatial={"front-near": 0.8}, position=GLASSES
    ),
    scenario(30, "Cooking", sound_events={"clapping": 0.6}, spatial={"left-far": 0.7}),
    scenario(60, "Eating", confidence=0.3, position=BodyPosition(at="pocket", probability=0.8)),
    scenario(14 * HOUR, "Cooking", sound_events={"clapping": 0.6}, spatial={"back-near": 0.5}),
]
CORRECTIONS = [
    correction(1, named_span(60, 90), action="note", note="with Ada"),
    correction(2, named_span(20 * HOUR, 21 * HOUR, "Driving"), action="add"),
]
LOG = apply_corrections(RECORDS, [activity(35)], CORRECTIONS)
NAMES = {
    "scenario": ["Cooking", "Eating", "Car - commuting, road trip"],
    "activity": ["walking"],
    "sound": ["clapping", "frying", "water tap"],
}


@pytest.mark.parametrize(
    ("query", "starts"),
    [
        (LogQuery(scenario="cooking"), [0, 14 * HOUR]),
        (LogQuery(sound="Clapping"), [30, 14 * HOUR]),
        (LogQuery(sound="clapping", places=("near",)), [14 * HOUR]),
        (LogQuery(places=("left",)), [30]),
        (LogQuery(activity="walking"), [30]),
        (LogQuery(confidence=(0.0, 0.5)), [60]),
        (LogQuery(notes=("ada",)), [60]),
        (LogQuery(notes=("ada", "WITH")), [60]),
        (LogQuery(notes=("ada", "bob")), []),
        (LogQuery(worn="pocket"), [60]),
        (LogQuery(worn="head"), [0]),
        (LogQuery(worn="ear"), []),
        (LogQuery(scenario="driving"), [20 * HOUR]),
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
        return len(find(log, LogQuery(sound=sound, places=where)))

    assert (hits("Clapping", "near"), hits("clapping", "near", "left")) == (1, 1)
    assert (hits("clapping", "far"), hits("clapping", "back")) == (0, 0)
    assert (hits("speech", "near"), hits("speech", "far")) == (0, 0)
    # Whose place is not recorded is where all sound is.
    assert (hits("music", "far"), hits("music", "near")) == (1, 0)
    # Any sound is where one event is, or all sound.
    assert (hits(None, "near", "left"), hits(None, "back", "far")) == (1, 1)
    assert (hits(None, "right"), hits(None, "back", "near")) == (0, 0)


def test_neighbours_of_one_scenario_are_one_answer_that_names_its_records() -> None:
    first = find(LOG, LogQuery(scenario="Cooking"))[0]
    assert (first.end_ns // S, first.sounds, first.activities) == (
        60,
        ("frying", "clapping"),
        ("walking",),
    )
    assert first.windows == (RECORDS[0].window_id, RECORDS[1].window_id)


def test_a_few_words_are_a_query() -> None:
    query = words_of("Clapping near, Tuesday afternoon", NAMES, NOW)
    assert query == LogQuery(
        sound="clapping",
        places=("near",),
        when=When(frozenset({1}), minutes=((12 * 60, 18 * 60),)),
    )
    assert words_of("car - commuting, road trip in the evening", NAMES, NOW) == LogQuery(
        scenario="Car - commuting, road trip", when=When(minutes=((18 * 60, 24 * 60),))
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


def test_words_that_mean_nothing_are_told_and_ask_for_nothing() -> None:
    query = words_of("zebras on the moon", NAMES, NOW)
    assert query.unknown_words == ("zebras", "moon")
    assert not query.asks
    assert words_of("eating", NAMES, NOW).asks


def test_a_place_on_the_body_is_where_the_device_was() -> None:
    query = words_of("eating in the pocket", NAMES, NOW)
    assert (query.scenario, query.worn, query.unknown_words) == ("Eating", "pocket", ())


@pytest.mark.parametrize(
    ("words", "scenario", "activity", "sound"),
    [
        ("car", "Car - commuting, road trip", None, None),
        ("desk work", "Working at desk", None, None),
        ("working out", "Working out at home", None, None),
        ("talking to friends", "Talking with friends/housemates", "talking", None),
        ("read", "Reading books", None, None),
        ("walk", None, "walking", None),
        ("tap", None, None, "water tap"),
    ],
)
def test_a_name_is_meant_by_words_of_it(
    words: str, scenario: str | None, activity: str | None, sound: str | None
) -> None:
    names = {"scenario": SCENARIOS, "activity": ACTIVITIES, "sound": SOUND_EVENTS}
    assert words_of(words, names, NOW) == LogQuery(
        scenario=scenario, activity=activity, sound=sound
    )


def test_words_that_fit_several_names_alike_mean_none_of_them() -> None:
    names = {"scenario": ("Working at desk", "Working out at home")}
    assert words_of("working", names, NOW).unknown_words == ("working",)
    assert words_of("wo", {"scenario": ("Working at desk",)}, NOW).unknown_words == ("wo",)


def test_a_note_is_searched_for_what_is_in_quotes() -> None:
    for text in ('eating "with  Ada"', "\u201cwith Ada\u201d eating"):
        query = words_of(text, NAMES, NOW)
        assert query == LogQuery(scenario="Eating", notes=("with Ada",))
        assert [hit.start_ns // S for hit in find(LOG, query)] == [60]
    assert words_of('"ada"', NAMES, NOW).asks
    # What is in quotes is neither a name nor a time.
    assert words_of('"cooking yesterday"', NAMES, NOW) == LogQuery(notes=("cooking yesterday",))
    both = words_of('"with Ada" eating "at noon" " "', NAMES, NOW)
    assert both == LogQuery(scenario="Eating", notes=("with Ada", "at noon"))
    assert words_of('eating "', NAMES, NOW).notes == ()


@pytest.mark.parametrize(
    ("question", "scenario", "when"),
    [
        ("What did I do yesterday?", None, "Friday 27 November 2026"),
        (
            "When was I cooking over the weekend?",
            "Cooking",
            "from 28 November 2026 to 29 November 2026",
        ),
        ("Eating, all of last month", "Eating", "from 1 October 2026 to 31 October 2026"),
    ],
)
def test_a_question_is_read_without_its_small_words(
    question: str, scenario: str | None, when: str
) -> None:
    query = words_of(question, NAMES, NOW)
    assert (query.scenario, query.when.text(UTC), query.unknown_words) == (scenario, when, ())


def test_a_decimal_comma_is_no_list() -> None:
    assert words_of("cooking 1,5 hours ago", NAMES, NOW) == words_of(
        "cooking 1.5 hours ago", NAMES, NOW
    )
    assert words_of("cooking Nov 20,2025", NAMES, NOW).when.text(UTC) == (
        "Thursday 20 November 2025"
    )


def test_the_days_of_a_log_are_those_of_the_zone() -> None:
    def days(first_s: int, last_s: int, zone: tzinfo) -> str:
        device = DeviceSummary(
            device_id="d", first_ns=first_s * S, last_ns=last_s * S, scenarios=1, activities=1
        )
        return days_of_log(device, zone)

    assert days(0, 24 * HOUR, UTC) == "Thursday 1 January 1970"
    assert days(0, 24 * HOUR + 1, UTC) == "from 1 January 1970 to 2 January 1970"
    assert days(0, 24 * HOUR, TOKYO) == "from 1 January 1970 to 2 January 1970"


def test_the_examples_of_the_page_are_understood() -> None:
    page = (files("streams.web") / "static" / "index.html").read_text("utf-8")
    examples = re.findall(r'<option value="([^"]+)">', page.split('id="find-examples"')[1])
    examples += re.findall(r'id="find-words".*placeholder="([^"]+)"', page)
    names = {"scenario": SCENARIOS, "activity": ACTIVITIES, "sound": SOUND_EVENTS}
    assert len(examples) >= 5
    for example in examples:
        query = words_of(example, names, NOW)
        assert (example, query.unknown_words) == (example, ())
        assert (query.scenario or query.activity or query.sound or query.worn) is not None
        assert query.when != When()
