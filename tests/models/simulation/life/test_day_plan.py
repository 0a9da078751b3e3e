from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.labels import SCENARIOS
from models.simulation.life import day_plan, planned_sounds
from models.simulation.life.plan import Plan, SoundEvent
from models.simulation.life.scenarios import SHARED_TIME, TOGETHER
from tests.models.simulation.life.common_activities import COMMON_ACTIVITIES

SECONDS = 3_600


@pytest.fixture(scope="module")
def spells() -> dict[str, Plan]:
    """An hour of every scenario by itself."""
    return {
        label: day_plan.compose(np.random.default_rng([5, number]), [((label,), SECONDS)])
        for number, label in enumerate(SCENARIOS)
    }


def sounding(events: list[SoundEvent], seconds: int) -> float:
    """Share of tenths of a second in which any of them sounds."""
    busy = np.zeros(seconds * 10, dtype=bool)
    for event in events:
        busy[round(event.start_s * 10) : round(event.stop_s * 10)] = True
    return float(busy.mean())


@settings(max_examples=8)
@given(st.integers(0, 2**32), st.floats(0.5, 90))
def test_spans_tile_the_day_and_sounds_lie_inside_it(seed: int, minutes: float) -> None:
    plan = day_plan.day(seed, minutes)
    assert plan.seconds == round(minutes * 60)
    borders = sorted({(s.start_s, s.stop_s) for s in plan.scenarios})
    doings = [(a.start_s, a.stop_s) for a in plan.activities]
    for spans in (borders, doings):
        assert spans[0][0] == 0
        assert spans[-1][1] == plan.seconds
        assert all(a[1] == b[0] for a, b in pairwise(spans))
        assert all(stop > start for start, stop in spans)
    assert all(a.headings[1] == b.headings[0] for a, b in pairwise(plan.activities))
    assert all(0 <= s.start_s < s.stop_s <= plan.seconds for s in plan.sounds)
    assert all(a.start_s <= b.start_s for a, b in pairwise(plan.sounds))


@settings(max_examples=5)
@given(st.integers(0, 2**32))
def test_the_same_seed_plans_the_same_day(seed: int) -> None:
    assert day_plan.day(seed, 6) == day_plan.day(seed, 6)
    assert day_plan.day(seed, 6) != day_plan.day(seed + 1, 6)


def test_a_demo_day_has_eight_spans_of_about_three_minutes() -> None:
    plan = day_plan.day(3, 24)
    lengths = {(s.start_s, s.stop_s): s.stop_s - s.start_s for s in plan.scenarios}
    assert len(lengths) == 8
    assert all(100 <= length <= 280 for length in lengths.values())


def test_a_long_day_dwells_longer() -> None:
    plan = day_plan.day(3, 600)
    assert np.mean([s.stop_s - s.start_s for s in plan.scenarios]) > 600


def test_scenarios_that_go_together_share_their_borders_and_their_room() -> None:
    doubled = 0
    for seed in range(12):
        for one, other in combinations(day_plan.day(seed, 24).scenarios, 2):
            if one.start_s < other.stop_s and other.start_s < one.stop_s:
                doubled += 1
                assert (one.start_s, one.stop_s) == (other.start_s, other.stop_s)
                assert one.room is other.room
                assert {(one.label, other.label), (other.label, one.label)} & set(TOGETHER)
    assert doubled


def test_at_least_half_of_every_scenario_goes_to_what_others_share(spells: dict[str, Plan]) -> None:
    shares = {}
    for label, plan in spells.items():
        common = sum(a.stop_s - a.start_s for a in plan.activities if a.own is None)
        shares[label] = common / plan.seconds
        assert shares[label] >= 0.5, label
    assert np.mean(list(shares.values())) == pytest.approx(SHARED_TIME, abs=0.005)


def test_what_is_shared_is_one_of_the_common_activities(spells: dict[str, Plan]) -> None:
    common = {*COMMON_ACTIVITIES, "standing up", "sitting down"}
    for plan in spells.values():
        assert {a.label for a in plan.activities if a.own is None} <= common


def test_a_far_interferer_sounds_at_least_half_of_the_time(spells: dict[str, Plan]) -> None:
    shares = [
        sounding([s for s in plan.sounds if s.interferer], plan.seconds) for plan in spells.values()
    ]
    assert np.mean(shares) > 0.55
    assert min(shares) >= 0.5


def test_an_interferer_is_far_and_lies_5_above_to_15_db_below_the_wearers_own_level() -> None:
    found = [s for seed in range(8) for s in day_plan.day(seed, 24).sounds if s.interferer]
    below = planned_sounds.LEVEL_DB - np.array([s.level_db for s in found])
    assert not any(s.near for s in found)
    assert below.min() >= -5
    assert below.max() <= 15
    assert below.min() < -4
    assert below.max() > 14


def test_an_interferer_that_never_pauses_fills_the_time() -> None:
    room = day_plan.day(0, 1).scenarios[0].room
    events = planned_sounds.interferers(np.random.default_rng(0), 10, 60, room, share=1.0)
    # Pieces of less than a second are left out.
    assert 10 <= min(s.start_s for s in events) < 11
    assert 69 < max(s.stop_s for s in events) <= 70
    assert sounding(events, 70) == pytest.approx(60 / 70, abs=0.05)


def test_sounds_of_a_spell_of_its_own_tell_a_scenario_and_shared_ones_do_not() -> None:
    plans = [
        day_plan.compose(np.random.default_rng(n), [(("Handyman",), SECONDS)]) for n in range(4)
    ]
    for tool in ("hand tools", "power tools"):
        sounding = [(plan, s) for plan in plans for s in plan.sounds if s.label == tool and s.near]
        assert sounding
        for plan, event in sounding:
            (span,) = [a for a in plan.activities if a.start_s <= event.start_s < a.stop_s]
            assert span.own == "Handyman"


def test_levels_say_nothing_about_distance() -> None:
    sounds = [s for seed in range(12) for s in day_plan.day(seed, 24).sounds if not s.interferer]
    near = [s.level_db for s in sounds if s.near]
    far = [s.level_db for s in sounds if not s.near]
    assert abs(float(np.mean(near)) - float(np.mean(far))) < 0.5
    assert all(
        planned_sounds.NEAR_M[0] <= s.distance_m <= planned_sounds.NEAR_M[1]
        for s in sounds
        if s.near
    )
    assert all(
        planned_sounds.FAR_M[0] <= s.distance_m <= planned_sounds.FAR_M[1]
        for s in sounds
        if not s.near
    )


def test_a_posture_change_leads_to_its_posture_within_four_seconds() -> None:
    after = {"standing up": {"stand", "walk", "run"}, "sitting down": {"sit"}}
    found = set()
    for seed in range(8):
        for change, then in pairwise(day_plan.day(seed, 24).activities):
            if change.label in after:
                found.add(change.label)
                assert 3 <= change.stop_s - change.start_s <= 4
                # What is done in either posture keeps the manner it is described with.
                if then.label not in ("talking", "drinking", "clapping"):
                    assert then.manner.posture in after[change.label], (change, then)
    assert found == set(after)


def test_a_car_moves_the_head_as_a_vehicle_does() -> None:
    plan = day_plan.compose(np.random.default_rng(0), [(("Car - commuting, road trip",), 120)])
    assert all(a.vehicle for a in plan.activities)
    assert not any(a.vehicle for a in day_plan.day(0, 0.5).activities if a.own == "Reading books")


def test_long_sounds_come_in_pieces_of_one_source() -> None:
    plan = day_plan.day(1, 24)
    assert all(
        s.stop_s - s.start_s <= planned_sounds.PIECE_S + planned_sounds.CROSSFADE_S + 1e-6
        for s in plan.sounds
    )
    sources = [s.source for s in plan.sounds]
    takes = [s.take for s in plan.sounds]
    assert len(set(takes)) == len(takes) > len(set(sources))
