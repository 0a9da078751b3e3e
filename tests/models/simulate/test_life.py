from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.simulate import life


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.5, 90))
def test_spans_tile_the_day_and_sounds_lie_inside_it(seed: int, minutes: float) -> None:
    plan = life.day(seed, minutes)
    assert plan.seconds == round(minutes * 60)
    for spans in (plan.scenarios, plan.activities):
        assert spans[0].start_s == 0
        assert spans[-1].stop_s == plan.seconds
        assert all(a.stop_s == b.start_s for a, b in pairwise(spans))
        assert all(span.stop_s > span.start_s for span in spans)
    assert all(a.headings[1] == b.headings[0] for a, b in pairwise(plan.activities))
    assert all(0 <= s.start_s < s.stop_s <= plan.seconds for s in plan.sounds)
    assert all(a.start_s <= b.start_s for a, b in pairwise(plan.sounds))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32))
def test_the_same_seed_plans_the_same_day(seed: int) -> None:
    assert life.day(seed, 6) == life.day(seed, 6)
    assert life.day(seed, 6) != life.day(seed + 1, 6)


def test_a_demo_day_has_eight_scenarios_of_about_three_minutes() -> None:
    plan = life.day(3, 24)
    lengths = [s.stop_s - s.start_s for s in plan.scenarios]
    assert len(lengths) == 8
    assert all(100 <= length <= 280 for length in lengths)
    assert len({s.label for s in plan.scenarios}) == 8


def test_a_long_day_dwells_longer() -> None:
    plan = life.day(3, 600)
    assert np.mean([s.stop_s - s.start_s for s in plan.scenarios]) > 600


def test_levels_say_nothing_about_distance() -> None:
    sounds = [s for seed in range(12) for s in life.day(seed, 24).sounds]
    near = [s.level_db for s in sounds if s.near]
    far = [s.level_db for s in sounds if not s.near]
    assert abs(float(np.mean(near)) - float(np.mean(far))) < 0.5
    assert all(life.NEAR_M[0] <= s.distance_m <= life.NEAR_M[1] for s in sounds if s.near)
    assert all(life.FAR_M[0] <= s.distance_m <= life.FAR_M[1] for s in sounds if not s.near)


def test_a_far_sound_interferes_a_good_part_of_the_time() -> None:
    busy = []
    for seed in range(6):
        plan = life.day(seed, 24)
        far = {
            second
            for s in plan.sounds
            if not s.near
            for second in range(int(s.start_s), int(s.stop_s))
        }
        busy.append(len(far) / plan.seconds)
    assert 0.4 < float(np.mean(busy)) < 0.9


def test_a_posture_change_lies_between_sitting_and_standing() -> None:
    changes = [a for s in range(8) for a in life.day(s, 24).activities if a.label == "standing up"]
    assert changes
    assert all(3 <= a.stop_s - a.start_s <= 4 for a in changes)


def test_a_scene_has_the_sources_asked_for() -> None:
    plan = life.scene(np.random.default_rng(1), "walking", 5, 3)
    assert len(plan.sounds) == 3
    assert {a.label for a in plan.activities} == {"walking"}


def test_long_sounds_come_in_pieces_of_one_source() -> None:
    plan = life.day(1, 24)
    assert all(s.stop_s - s.start_s <= life.PIECE_S + life.CROSSFADE_S + 1e-6 for s in plan.sounds)
    sources = [s.source for s in plan.sounds]
    takes = [s.take for s in plan.sounds]
    assert len(set(takes)) == len(takes) > len(set(sources))
