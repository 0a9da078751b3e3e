from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from models.simulation.life import day_plan
from models.simulation.rendering.ground_truth import activity_of, motion_of, runs, sound_spans
from models.simulation.rendering.mixer import AudibleEvent
from schemas.frames import NS


@given(st.sets(st.integers(0, 50)))
def test_runs_hold_exactly_the_numbers_given(numbers: set[int]) -> None:
    found = runs(numbers)
    assert {n for a, b in found for n in range(a, b)} == numbers
    assert all(b < c for (_, b), (c, _) in pairwise(found))


def test_a_sound_that_changes_its_region_has_several_spans() -> None:
    events = [
        AudibleEvent(0, "dog", "left-far"),
        AudibleEvent(1, "dog", "left-far"),
        AudibleEvent(2, "dog", "back-far"),
    ]
    spans = sound_spans(events, 10 * NS)
    assert [(s.start_ns // NS, s.end_ns // NS, s.region) for s in spans] == [
        (10, 12, "left-far"),
        (12, 13, "back-far"),
    ]


def test_a_posture_change_names_a_window_that_it_fills_by_two_fifths() -> None:
    plan = next(
        p
        for p in (day_plan.day(s, 24) for s in range(50))
        if any("up" in a.label for a in p.activities)
    )
    change = next(a for a in plan.activities if a.label == "standing up")
    assert activity_of(plan, change.stop_s - 2, 5) == "standing up"
    assert activity_of(plan, change.stop_s - 1, 5) != "standing up"
    assert motion_of(plan, change.start_s, 2) == "standing up"


def test_sitting_still_has_no_motion_class_and_running_moves() -> None:
    expected = {"walking": "walking", "running": "moving", "cleaning a room": "moving"}
    for seed in range(4):
        plan = day_plan.day(seed, 24)
        for span in plan.activities:
            if span.label in expected:
                assert motion_of(plan, span.start_s, 2) == expected[span.label]
            elif span.label in ("sitting", "watching TV") and span.manner.gesture is None:
                assert motion_of(plan, span.start_s, 2) is None
