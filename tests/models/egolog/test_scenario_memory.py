"""Rules of `models.egolog.scenario_memory`."""

from math import exp, log

import pytest

from models.egolog.scenario_memory import CHANGED, MEMORY_S, TRUST, USUAL, remembered


def estimates(*probabilities: float, apart_s: float = 30) -> list[tuple[float, dict[str, float]]]:
    return [(1000 + apart_s * at, {"Eating": p}) for at, p in enumerate(probabilities)]


def test_the_first_estimate_is_the_networks_own() -> None:
    assert remembered([]) == {}
    assert remembered(estimates(0.37123)) == {"Eating": 0.37123}


def test_what_was_likely_before_adds_to_the_evidence_by_the_filter() -> None:
    kept = (1 - CHANGED) * 0.9 + CHANGED * USUAL
    before = TRUST * (log(kept / (1 - kept)) - log(USUAL / (1 - USUAL)))
    expected = 1 / (1 + exp(-(log(0.4 / 0.6) + before)))
    assert remembered(estimates(0.9, 0.4)) == {"Eating": pytest.approx(expected, abs=1e-4)}
    assert expected > 0.8


def test_a_weak_window_is_carried_by_the_minutes_before_and_a_strong_one_ends_them() -> None:
    assert remembered(estimates(0.9, 0.9, 0.35))["Eating"] > 0.5
    assert remembered(estimates(0.9, 0.9, 0.01))["Eating"] < 0.5
    assert remembered(estimates(0.02, 0.02, 0.55))["Eating"] < 0.5
    assert remembered(estimates(0.02, 0.02, 0.99))["Eating"] > 0.5


def test_a_gap_weakens_what_was_before_it() -> None:
    near, far = (remembered(estimates(0.9, 0.4, apart_s=s))["Eating"] for s in (30, 90))
    assert 0.4 < far < near


def test_what_is_older_than_the_memory_does_not_count() -> None:
    old = (1000 - MEMORY_S, {"Eating": 0.99})
    assert remembered([old, *estimates(0.4)]) == {"Eating": 0.4}
    inside = (1000 + 30 - MEMORY_S, {"Eating": 0.99})
    assert remembered([inside, *estimates(0.4)])["Eating"] > 0.4


def test_each_scenario_goes_on_by_itself_and_certainty_stays_finite() -> None:
    two = [(0.0, {"Eating": 1.0, "Car": 0.0}), (30.0, {"Eating": 0.4, "Car": 0.4})]
    found = remembered(two)
    assert found["Eating"] == remembered([(t, {"Eating": p["Eating"]}) for t, p in two])["Eating"]
    assert found["Car"] < 0.4 < found["Eating"]
    certain = remembered([(30.0 * at, {"Eating": 1.0}) for at in range(5)])
    assert 0.999 < certain["Eating"] <= 1
