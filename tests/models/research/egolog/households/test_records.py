from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.egolog.interference_gate import GateSecond, apply_gate
from models.features import Features
from models.labels import ACTIVITIES, SCENARIOS
from models.research.egolog.days.composed import StagedStretch, stream_features
from models.research.egolog.households.records import (
    HouseholdWindows,
    cached_records,
    record_stretch,
)
from models.research.egolog.households.wearers import Domain, Resident
from models.research.egolog.offline_pipeline import OfflinePipeline
from models.serving.predict import (
    ActivityRecognizer,
    HarInput,
    LocalizerInput,
    ScenarioInput,
    ScenarioRecognizer,
    SoundLocalizer,
)
from models.serving.registry import Registry
from models.simulation.sources.material import Material
from operators.scenario_record import scenario_record
from schemas import Activity, Scenario, ScenarioEstimate, Spatial, Vector
from schemas.frames import NS
from tests.models import fresh
from tests.models.research.egolog.households.lives import household_windows


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return fresh.registry(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def part() -> StagedStretch:
    who = Resident.draw(0, Domain.usual(), Material(), np.random.default_rng(0))
    return who.stretch(1, Material(), np.random.default_rng(1))


@pytest.fixture(scope="module")
def recorded_windows(registry: Registry, part: StagedStretch) -> HouseholdWindows:
    return record_stretch(OfflinePipeline(registry), part).place(4, 2, 30)


def stream_records(registry: Registry, part: StagedStretch) -> list[Scenario]:
    """Return the records as the pipeline's operators make them of single predictions."""
    mel, maps = stream_features(part.stage.audio(0, 60), Features())
    imu = part.stage.imu(0, 60)
    scenario_recognizer, activity_recognizer, sound_localizer = (
        ScenarioRecognizer(registry),
        ActivityRecognizer(registry),
        SoundLocalizer(registry),
    )
    common: dict[str, Any] = {
        "device_id": "d",
        "window_id": "w",
        "session_id": "s",
        "revision": "r",
    }
    records: list[Scenario] = []
    context = None
    for first in (0, 30):
        seconds = range(first, first + 30)
        regions = sound_localizer.predict(
            [LocalizerInput(maps[s], imu[50 * s : 50 * s + 50]) for s in seconds]
        )
        activities = []
        for start in range(first, first + 30, 5):
            frames = slice(50 * start, 50 * (start + 5))
            inside = regions[start - first : start - first + 5]
            known = [GateSecond(at, second) for at, second in enumerate(inside)]
            sound = apply_gate(mel[frames], known, "drop")
            activity = activity_recognizer.predict([HarInput(sound.mel, imu[frames], context)])[0]
            at: dict[str, Any] = {"start_ns": start * NS, "end_ns": (start + 5) * NS}
            activities.append(Activity(**common, **at, activities=activity))
        frames = slice(50 * first, 50 * (first + 30))
        here = np.ones(30, dtype=bool)
        [found] = scenario_recognizer.predict([ScenarioInput(mel[frames], imu[frames], here, here)])
        context = found.scenarios
        evidence = ScenarioEstimate(
            **common,
            start_ns=first * NS,
            end_ns=(first + 30) * NS,
            coverage={"audio": 1.0, "imu": 1.0},
            scenarios=found.scenarios,
            key_frames=found.key_frames,
            sound_events=found.sound_events,
            motion=found.motion,
            embeddings=Vector.of(found.embeddings, "<f2"),
            parts={},
        )
        spatial = [
            Spatial(**common, start_ns=s * NS, end_ns=(s + 1) * NS, regions=r)
            for s, r in zip(seconds, regions, strict=True)
        ]
        records.append(scenario_record(evidence, spatial, activities, [], 0.0))
    return records


def test_what_is_recorded_is_what_the_pipeline_publishes(
    registry: Registry, part: StagedStretch, recorded_windows: HouseholdWindows
) -> None:
    for number, want in enumerate(stream_records(registry, part)):
        have = recorded_windows.record(number)
        assert have.scenarios == want.scenarios
        assert have.sound_events == want.sound_events
        assert have.motion == want.motion
        assert have.confidence == want.confidence
        assert have.embeddings == want.embeddings
        assert have.spatial == pytest.approx(want.spatial, abs=2e-4)
        assert [(s.activity, s.probability) for s in have.activities] == [
            (s.activity, s.probability) for s in want.activities
        ]


def test_truth_is_what_fills_a_fifth_of_a_window(
    part: StagedStretch, recorded_windows: HouseholdWindows
) -> None:
    for number, row in enumerate(recorded_windows.truth):
        first = 30 * number
        there = {
            span.label
            for span in part.plan.scenarios
            if min(span.stop_s, first + 30) - max(span.start_s, first) >= 6
        }
        assert {SCENARIOS[at] for at in np.flatnonzero(row)} == there


def test_windows_know_whose_they_are(recorded_windows: HouseholdWindows) -> None:
    assert recorded_windows.wearer.tolist() == [4, 4]
    assert recorded_windows.day.tolist() == [2, 2]
    first, second = (recorded_windows.record(n) for n in (0, 1))
    assert second.start_ns == first.end_ns
    assert first.device_id == second.device_id == "wearer-4"
    assert first.window_id != second.window_id


def test_an_estimate_can_be_replaced() -> None:
    days = household_windows(4)
    activity = np.full(len(SCENARIOS), 0.25, np.float32)
    record = days.record(2, activity)
    assert set(record.scenarios.values()) == {0.25}
    assert record.confidence == 0.25
    assert record.activities[0].activity == ACTIVITIES[days.activity[2, 0]]


def test_days_come_one_by_one_in_the_order_of_their_windows() -> None:
    days = household_windows(6, days=2, wearers=2)
    mixed = days.take(np.random.default_rng(0).permutation(len(days)))
    found = list(mixed.days())
    assert len(found) == 4
    for at in found:
        assert mixed.window[at].tolist() == list(range(6))
        assert len({(w, d) for w, d in zip(mixed.wearer[at], mixed.day[at], strict=True)}) == 1


def test_a_recorded_day_is_cached(registry: Registry, part: StagedStretch, tmp_path: Path) -> None:
    pipeline = OfflinePipeline(registry)
    one = cached_records(pipeline, lambda: part, tmp_path / "day")

    def never() -> StagedStretch:
        raise AssertionError("composed again")

    again = cached_records(pipeline, never, tmp_path / "day")
    for f in fields(HouseholdWindows):
        assert np.array_equal(getattr(one, f.name), getattr(again, f.name))
