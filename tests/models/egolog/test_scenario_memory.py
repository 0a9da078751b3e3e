"""Rules of `models.egolog.scenario_memory`."""

import pytest

from models.egolog.scenario_memory import MEMORY_S, smooth_estimates
from models.egolog.scenario_sets import CHANGED, NOTHING, TRUST, USUAL


def estimates(*probabilities: float, apart_s: float = 30) -> list[tuple[float, dict[str, float]]]:
    return [(1000 + apart_s * at, {"Eating": p}) for at, p in enumerate(probabilities)]


def test_the_first_estimate_is_the_networks_own() -> None:
    assert smooth_estimates([]) == {}
    assert smooth_estimates(estimates(0.37123)) == {"Eating": 0.37123}


def test_what_was_likely_before_adds_to_the_evidence_by_the_filter() -> None:
    prior = USUAL / (1 - USUAL) / NOTHING
    usual = prior / (1 + prior)
    ratio = [((p / (1 - p)) / (USUAL / (1 - USUAL))) ** TRUST for p in (0.9, 0.4)]
    before = prior * ratio[0] / (1 + prior * ratio[0])
    expected = (1 - CHANGED) * before + CHANGED * usual
    odds = expected / (1 - expected) * ratio[1]
    assert smooth_estimates(estimates(0.9, 0.4)) == {
        "Eating": pytest.approx(odds / (1 + odds), abs=1e-4)
    }


def eating_or_car(*eating: float) -> float:
    windows = [{"Eating": p, "Car": 1 - p} for p in eating]
    return smooth_estimates([(30.0 * at, each) for at, each in enumerate(windows)])["Eating"]


def test_a_weak_window_is_carried_by_the_minutes_before_and_a_strong_one_ends_them() -> None:
    assert eating_or_car(0.9, 0.9, 0.4) > 0.5
    assert eating_or_car(0.9, 0.9, 0.01) < 0.5
    assert eating_or_car(0.02, 0.02, 0.55) < 0.5
    assert eating_or_car(0.02, 0.02, 0.99) > 0.5


def test_a_gap_weakens_what_was_before_it() -> None:
    near, far = (smooth_estimates(estimates(0.9, 0.4, apart_s=s))["Eating"] for s in (30, 90))
    assert 0.4 < far < near


def test_what_is_older_than_the_memory_does_not_count() -> None:
    old = (1000 - MEMORY_S, {"Eating": 0.99})
    assert smooth_estimates([old, *estimates(0.4)]) == {"Eating": 0.4}
    inside = (1000 + 30 - MEMORY_S, {"Eating": 0.99})
    assert smooth_estimates([inside, *estimates(0.4)])["Eating"] > 0.4


def test_scenarios_compete_and_two_may_be_present() -> None:
    alone, beside = (
        smooth_estimates([(t, {"Eating": 0.6, "Car": car, "Party": party}) for t in (0.0, 30.0)])
        for car, party in ((0.05, 0.05), (0.95, 0.95))
    )
    assert alone["Eating"] > 0.7
    assert beside["Eating"] < 0.15
    assert min(beside["Car"], beside["Party"]) > 0.9


def test_nothing_need_be_present_and_certainty_stays_finite() -> None:
    nothing = smooth_estimates([(30.0 * at, {"Eating": 0.02, "Car": 0.01}) for at in range(5)])
    assert max(nothing.values()) < 0.2
    certain = smooth_estimates([(30.0 * at, {"Eating": 1.0, "Car": 0.0}) for at in range(5)])
    assert 0.999 < certain["Eating"] <= 1
    assert 0 <= certain["Car"] < 0.01


def test_a_label_that_is_new_is_as_likely_before_as_any() -> None:
    found = smooth_estimates([(0.0, {"Eating": 0.9}), (30.0, {"Car": 0.4, "Eating": 0.4})])
    assert list(found) == ["Car", "Eating"]
    assert found["Car"] < 0.5 < found["Eating"]
