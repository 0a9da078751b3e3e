from pathlib import Path

import numpy as np
import pytest

from models.labels import ACTIVITIES, SCENARIOS
from models.simulation.simulated_day import SimulatedDay
from schemas.frames import NS
from tests.models import fresh
from tests.pipeline.offline_scores import RecordingTruth, offline, score


def test_truth_is_of_whole_windows() -> None:
    day = SimulatedDay(3, 1.3)
    truth = RecordingTruth.of(day)
    assert truth.scenarios.shape == (2, 16)
    assert truth.activities.shape == (12,)
    for number, hot in enumerate(truth.scenarios):
        start, stop = (day.start_ns + 30 * n * NS for n in (number, number + 1))
        labels = {
            s.label
            for s in day.truth()
            if s.kind == "scenario" and min(s.end_ns, stop) - max(s.start_ns, start) >= 6 * NS
        }
        assert {SCENARIOS[i] for i in np.flatnonzero(hot)} == labels


def test_the_likeliest_activity_and_every_scenario_of_a_half_count() -> None:
    truth = RecordingTruth(np.eye(16, dtype=np.float32)[[0, 3]], np.array([2, 5]))
    scenarios = [dict.fromkeys(SCENARIOS, 0.1) | {SCENARIOS[i]: 0.5} for i in (0, 4)]
    activities = [dict.fromkeys(ACTIVITIES, 0.02) | {ACTIVITIES[i]: 0.4} for i in (2, 6)]
    found = score(truth, scenarios, activities)
    assert found.scenario_f1 == 0.5
    assert found.har_accuracy == 0.5


def test_a_recording_is_scored_without_the_pipeline(tmp_path: Path) -> None:
    registry, day = fresh.registry(tmp_path), SimulatedDay(3, 0.5)
    found = offline(day, registry)
    assert 0 <= found.scenario_f1 <= 1
    assert found.har_accuracy in [pytest.approx(n / 6) for n in range(7)]
    assert offline(day, registry) == found
