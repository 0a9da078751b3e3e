from __future__ import annotations

from typing import Any

import pytest

from operators.notifying import DeviceNotifier
from schemas import ActivitySpan, Scenario, SoundPlace
from schemas.frames import NS
from schemas.notification import Condition, Notification, Rule
from tests.operators.half_minutes import DEVICE, T0_S, half_minute

SIREN = Rule("siren", "far siren > 0.8", Condition("sound", "siren", "far", 0.8), ("phone",))
STILL = Rule("still", "no motion for 2 min", Condition("still", for_s=120), ("phone",))
SILENT = Rule("silent", "device silent for 10 min", Condition("silent", for_s=600), ("phone",))


def notifications_by(
    rules: Rule | list[Rule], records: list[Scenario], late_s: float = 5.0
) -> list[Notification]:
    rules = rules if isinstance(rules, list) else [rules]
    notifier = DeviceNotifier(rules, DEVICE)
    return [
        each
        for record in records
        for each in notifier.push(record, record.end_ns + round(late_s * NS))
    ]


def windows(notified: list[Notification]) -> list[int]:
    """Return the half minute at whose end each was told."""
    return [(each.at_ns // NS - T0_S) // 30 - 1 for each in notified]


def test_a_sound_above_its_probability_is_notified_of_with_its_place() -> None:
    [notified] = notifications_by(SIREN, [half_minute(0)])
    assert (notified.rule, notified.device_id, notified.at_ns) == (
        "siren",
        DEVICE,
        (T0_S + 30) * NS,
    )
    assert notified.text == "glasses: far siren (90%)"
    assert not notified.old


@pytest.mark.parametrize(
    "changes",
    [
        {"sound_events": {"siren": 0.8}},
        {"sound_events": {"engine": 0.95}},
        {"spatial": {"left-far": 0.1, "front-near": 0.4}},
        {"spatial": {"left-far": 0.4, "front-near": 0.4}},
        {"spatial": {}},
    ],
)
def test_what_is_not_above_it_or_is_elsewhere_is_not_notified_of(changes: dict[str, Any]) -> None:
    assert notifications_by(SIREN, [half_minute(0, **changes)]) == []


def test_a_sounds_own_distance_goes_before_that_of_all_sound() -> None:
    near_all = {"left-far": 0.1, "front-near": 0.4}
    far = {"siren": SoundPlace(distance="far", near=0.1)}
    near = {"siren": SoundPlace(distance="near", near=0.9)}
    unknown = {"siren": SoundPlace(distance="unknown", near=0.5)}
    lost = {"siren": SoundPlace()}
    assert len(notifications_by(SIREN, [half_minute(0, spatial=near_all, sound_places=far)])) == 1
    for place in (near, unknown, lost):
        assert notifications_by(SIREN, [half_minute(0, sound_places=place)]) == []
    # Another sound's place says nothing of it.
    assert len(notifications_by(SIREN, [half_minute(0, sound_places={"dog": near["siren"]})])) == 1


def test_a_rule_does_not_speak_again_before_it_has_cooled_down() -> None:
    cooling = Rule(**{**vars(SIREN), "cool_down_s": 90.0})
    assert windows(notifications_by(cooling, [half_minute(n) for n in range(8)])) == [0, 3, 6]


def test_records_read_again_or_replayed_tell_nothing_twice() -> None:
    notifier = DeviceNotifier([SIREN], DEVICE)
    records = [half_minute(n, sound_events={"siren": 0.9 if n == 2 else 0.1}) for n in range(4)]
    first = [each for r in records for each in notifier.push(r, r.end_ns)]
    assert windows(first) == [2]
    assert [each for r in records for each in notifier.push(r, r.end_ns + 86_400 * NS)] == []


def test_after_a_restart_notifications_have_the_same_ids() -> None:
    records = [half_minute(n, motion={"walking": 0.1}) for n in range(12)]
    rules = [Rule(**{**vars(SIREN), "cool_down_s": 120.0}), STILL]
    whole = notifications_by(rules, records)
    assert len(whole) == 4
    restarted = []
    state = DeviceNotifier(rules, DEVICE).snapshot()
    for record in records:
        notifier = DeviceNotifier(rules, DEVICE)
        notifier.restore(state)
        restarted += notifier.push(record, record.end_ns + 5 * NS)
        state = notifier.snapshot()
    assert restarted == whole


def test_a_scenario_and_an_activity_are_notified_of_unless_they_are_unknown() -> None:
    cooking = Rule("c", "", Condition("scenario", "Cooking", None, 0.6), ("phone",))
    talking = Rule("t", "", Condition("activity", "talking", None, 0.6), ("phone",))
    span: dict[str, Any] = {"start_ns": 0, "end_ns": 5, "activity": "talking", "probability": 0.7}
    known = half_minute(0, activities=[ActivitySpan(**span)])
    assert [each.text for each in notifications_by([cooking, talking], [known])] == [
        "glasses: Cooking (70%)",
        "glasses: talking (70%)",
    ]
    unknown = half_minute(0, unknown=True, activities=[ActivitySpan(**span, unknown=True)])
    assert notifications_by([cooking, talking], [unknown]) == []


def test_stillness_is_notified_of_once_it_has_lasted_and_again_after_something_moved() -> None:
    moves = {6, 12}
    records = [half_minute(n, motion={"walking": 0.5 if n in moves else 0.49}) for n in range(18)]
    notified = notifications_by(Rule(**{**vars(STILL), "cool_down_s": 1.0}), records)
    assert windows(notified) == [3, 10, 16]
    assert notified[0].text == "glasses: nothing moved for 2 min"


@pytest.mark.parametrize(
    ("hole", "ends"),
    [({2}, 3), ({3}, 4), ({1, 2}, 6)],
    ids=["one missing", "one missing at its end", "two missing"],
)
def test_a_gap_longer_than_a_half_minute_is_no_stillness(hole: set[int], ends: int) -> None:
    records = [half_minute(n, motion={}) for n in range(8) if n not in hole]
    assert windows(notifications_by(STILL, records)) == [ends]


def test_without_motion_data_nobody_is_still() -> None:
    records = [half_minute(n, motion={}, coverage={"audio": 1.0}) for n in range(9)]
    assert notifications_by(STILL, records) == []
    enough = [half_minute(n, motion={}, coverage={"imu": 0.5}) for n in range(9)]
    assert windows(notifications_by(STILL, enough)) == [3]


def test_what_is_known_too_late_is_old() -> None:
    assert [each.old for each in notifications_by(SIREN, [half_minute(0)], late_s=3_600.0)] == [
        False
    ]
    assert [each.old for each in notifications_by(SIREN, [half_minute(0)], late_s=3_600.1)] == [
        True
    ]


def test_a_clock_that_is_years_ahead_does_not_silence_the_device() -> None:
    notifier = DeviceNotifier([SIREN], DEVICE)
    came_ns = (T0_S + 60) * NS
    assert notifier.push(half_minute(2_883), came_ns) == []
    assert len(notifier.push(half_minute(0), came_ns)) == 1


def test_silence_is_notified_of_once_after_the_newest_record() -> None:
    notifier = DeviceNotifier([SILENT], DEVICE)
    assert notifier.tick(10**19) == []
    came = (T0_S + 40) * NS
    notifier.push(half_minute(0), came)
    assert notifier.awaits_silence
    assert notifier.tick(came + 600 * NS - 1) == []
    [notified] = notifier.tick(came + 600 * NS)
    assert notified.text == "glasses: nothing came for 10 min"
    assert notified.at_ns == came + 600 * NS
    assert not notifier.awaits_silence
    again = DeviceNotifier([SILENT], DEVICE)
    again.restore(notifier.snapshot())
    assert again.tick(came + 10_000 * NS) == []
    notifier.push(half_minute(1), came + 3_000 * NS)
    [second] = notifier.tick(came + 3_600 * NS)
    assert second.notification_id != notified.notification_id


def test_silence_does_not_count_before_it_could_be_noticed() -> None:
    notifier = DeviceNotifier([SILENT], DEVICE)
    came = (T0_S + 40) * NS
    notifier.push(half_minute(0), came)
    began = came + 5_000 * NS
    assert notifier.tick(began + 599 * NS, began) == []
    assert len(notifier.tick(began + 600 * NS, began)) == 1


def test_a_silence_within_the_cool_down_is_notified_of_at_its_end() -> None:
    notifier = DeviceNotifier([Rule(**{**vars(SILENT), "cool_down_s": 3_600.0})], DEVICE)
    came = (T0_S + 40) * NS
    notifier.push(half_minute(0), came)
    assert len(notifier.tick(came + 600 * NS)) == 1
    notifier.push(half_minute(1), came + 700 * NS)
    assert notifier.tick(came + 1_300 * NS) == []
    assert notifier.tick(came + 4_200 * NS - 1) == []
    assert len(notifier.tick(came + 4_200 * NS)) == 1


def test_a_rule_of_another_device_says_nothing_here() -> None:
    other = Rule(**{**vars(SIREN), "device": "watch"})
    mine = Rule(**{**vars(SIREN), "device": DEVICE})
    assert notifications_by(other, [half_minute(0)]) == []
    assert len(notifications_by(mine, [half_minute(0)])) == 1
