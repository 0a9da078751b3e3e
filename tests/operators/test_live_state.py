from __future__ import annotations

from operators.live_state import LiveState
from schemas.frames import NS
from tests.operators.live_results import T0, activity, scenario, spatial


def state(*seconds: int, session: str = "s") -> LiveState:
    made = LiveState(unsure_below=0.5)
    for second in seconds:
        made.add_window(session, (T0 + second) * NS, (T0 + second + 1) * NS, -40.0 - second)
    return made


def test_the_newest_of_each_result_is_shown() -> None:
    live = state(0, 1)
    for record in (
        spatial(0, front_near=0.2),
        spatial(1, left_near=0.9),
        activity(-4),
        scenario(-29),
    ):
        assert live.add_record(record)
    live.name("s", (T0 + 1) * NS, {"speech": 0.9, "music": 0.6})
    shown = live.page_state()
    assert isinstance(shown["at"], int)
    assert shown == {
        "at": (T0 + 2) * 1_000,
        "level_db": -41.0,
        "regions": {"left-near": 0.9},
        "sounds": [
            {"name": "speech", "probability": 0.9, "where": ["near", "left"]},
            {"name": "music", "probability": 0.6, "where": ["near", "left"]},
        ],
        "activity": {"name": "talking", "probability": 0.8, "unknown": False},
        "scenario": {"names": ["Cooking", "Eating"], "probability": 0.7, "unknown": False},
    }


def test_what_is_older_than_what_is_shown_changes_nothing() -> None:
    live = state(3)
    assert not live.add_window("s", T0 * NS, (T0 + 1) * NS, 0.0)
    assert live.add_record(activity(0))
    assert not live.add_record(activity(-5))
    assert live.add_record(scenario(-30))
    assert not live.add_record(scenario(-60))
    assert live.page_state()["at"] == (T0 + 4) * 1_000


def test_what_comes_again_replaces_what_it_was() -> None:
    live = state(3)
    assert live.add_window("s", (T0 + 3) * NS, (T0 + 4) * NS, -60.0)
    assert live.add_record(activity(0))
    assert live.add_record(activity(0, unknown=True))
    assert live.add_record(scenario(-30))
    assert live.add_record(scenario(-30, unknown=True))
    live.name("s", (T0 + 3) * NS, {"speech": 0.9})
    live.name("s", (T0 + 3) * NS, {"music": 0.9})
    shown = live.page_state()
    assert shown["level_db"] == -60.0
    assert shown["activity"]["unknown"]
    assert shown["scenario"]["unknown"]
    # The same two seconds are named once.
    assert [sound["name"] for sound in shown["sounds"]] == ["speech"]


def test_before_anything_came_nothing_is_shown() -> None:
    assert LiveState(unsure_below=0.5).page_state() == {
        "at": 0,
        "level_db": None,
        "regions": {},
        "sounds": [],
        "activity": None,
        "scenario": None,
    }
    assert not LiveState(unsure_below=0.5).add_record(spatial(0))


def test_regions_and_sounds_are_rounded_and_only_the_likeliest_are_shown() -> None:
    live = state(0)
    live.add_record(spatial(0, left_near=0.12345, front_far=0.1, back_far=0.0999))
    live.add_record(activity(-4, activities={"talking": 0.71239}))
    live.add_record(scenario(-29, scenarios={"Cooking": 0.71239}))
    sounds = {"speech": 0.71239, "music": 0.6, "wind": 0.5, "water": 0.4, "dog": 0.3}
    live.name("s", T0 * NS, sounds)
    shown = live.page_state()
    assert shown["regions"] == {"left-near": 0.123, "front-far": 0.1}
    assert [(each["name"], each["probability"]) for each in shown["sounds"]] == [
        ("speech", 0.712),
        ("music", 0.6),
        ("wind", 0.5),
        ("water", 0.4),
    ]
    assert shown["activity"]["probability"] == 0.712
    assert shown["scenario"]["probability"] == 0.712


def test_a_sound_is_where_both_of_its_seconds_say() -> None:
    live = state(0, 1, 2)
    # A later second, and one before both, say nothing of it.
    for record in (
        spatial(-1, right_far=0.99),
        spatial(0, left_near=0.99),
        spatial(1, left_near=0.99),
        spatial(2, right_far=0.99),
    ):
        live.add_record(record)
    live.name("s", (T0 + 1) * NS, {"speech": 0.9})
    assert live.page_state()["sounds"][0]["where"] == ["near", "left"]
    # The oldest that is shown has both of its seconds.
    old = state(5)
    for record in (spatial(0, left_near=0.99), spatial(1)):
        old.add_record(record)
    old.name("s", (T0 + 1) * NS, {"speech": 0.9})
    assert old.page_state()["sounds"][0]["where"] == ["near", "left"]
    # Two seconds say no more than one: what they say is averaged.
    faint = state(1)
    for record in (spatial(0, left_near=0.03), spatial(1, left_near=0.03)):
        faint.add_record(record)
    faint.name("s", (T0 + 1) * NS, {"speech": 0.9})
    assert faint.page_state()["sounds"][0]["where"] == []


def test_an_activity_in_doubt_is_named_by_its_description() -> None:
    live = state(0)
    live.add_record(activity(-4, activities={"talking": 0.4}, open_vocabulary={"ironing": 0.45}))
    assert live.page_state()["activity"]["name"] == "ironing"
    live.add_record(activity(-3, activities={"talking": 0.5}, open_vocabulary={"ironing": 0.9}))
    assert live.page_state()["activity"]["name"] == "talking"


def test_a_result_is_shown_until_its_time_is_over_and_no_longer() -> None:
    for kind, seconds in (("sounds", 5), ("activity", 16), ("scenario", 91)):
        live = state(0)
        live.add_record(spatial(0))
        live.add_record(activity(-4))
        live.add_record(scenario(-29))
        live.name("s", T0 * NS, {"speech": 0.9})
        live.add_window("s", (T0 + seconds - 1) * NS, (T0 + seconds) * NS, None)
        assert live.page_state()[kind], kind
        live.add_window("s", (T0 + seconds - 1) * NS, (T0 + seconds) * NS + 1, None)
        assert not live.page_state()[kind], kind


def test_what_is_long_over_is_not_now() -> None:
    live = state(0)
    live.add_record(activity(-4))
    live.add_record(scenario(-29))
    live.name("s", T0 * NS, {"speech": 0.9})
    assert len(live.page_state()["sounds"]) == 1
    live.add_window("s", (T0 + 6) * NS, (T0 + 7) * NS, None)
    assert live.page_state()["sounds"] == []
    assert live.page_state()["activity"] is not None
    live.add_window("s", (T0 + 20) * NS, (T0 + 21) * NS, None)
    assert live.page_state()["activity"] is None
    assert live.page_state()["scenario"] is not None
    live.add_window("s", (T0 + 95) * NS, (T0 + 96) * NS, None)
    assert live.page_state()["scenario"] is None
    assert live.page_state()["level_db"] is None


def test_the_session_that_spoke_last_is_shown_alone() -> None:
    live = state(10)
    live.add_record(spatial(10, front_far=0.9))
    live.add_window("other", T0 * NS, (T0 + 1) * NS, -50.0)
    assert not live.add_record(spatial(11, front_far=0.9))
    live.name("s", (T0 + 11) * NS, {"speech": 0.9})
    shown = live.page_state()
    assert (shown["at"], shown["regions"], shown["sounds"]) == ((T0 + 1) * 1_000, {}, [])
    assert live.add_record(spatial(0, session="other", back_far=0.5))


def test_what_is_unknown_says_so_and_no_place_is_made_up() -> None:
    live = state(1)
    live.add_record(activity(-3, unknown=True))
    live.add_record(scenario(-29, unknown=True))
    live.name("s", (T0 + 1) * NS, {"speech": 0.9})
    shown = live.page_state()
    assert shown["activity"]["unknown"]
    assert shown["scenario"]["unknown"]
    assert shown["sounds"][0]["where"] == []
