"""Streaming loses nothing: the log's scores are those of the same recording without a pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.broker import topic_creation
from infra.broker.topic_reader import read_letters
from models.serving.registry import Registry
from models.simulation.composed_day import ComposedDay
from models.simulation.simulated_day import SimulatedDay
from models.simulation.sources.material import Material
from streams.producers.replay import Replay, ReplayOptions
from tests.conftest import Services
from tests.pipeline.log import log_content
from tests.pipeline.offline_scores import RecordingTruth, offline, score
from tests.pipeline.running import Worker, settings_for, wait_until_settled
from tests.shared_data import shared_data

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from models.recordings.protocol import Recording

MINUTES = 4.0


def simulated_day() -> Recording:
    return SimulatedDay(21, MINUTES)


def composed_day() -> Recording:
    return ComposedDay(22, MINUTES, Material.read(shared_data(), "test", elsewhere=False))


@pytest.mark.pipeline
@pytest.mark.timeout(600)
@pytest.mark.parametrize("day", [simulated_day, composed_day])
async def test_the_log_scores_within_a_point_of_the_offline_evaluation(
    broker_url: str, redis_url: str, tmp_path: Path, day: Callable[[], Recording]
) -> None:
    recording = day()
    services = Services(broker_url, redis_url)
    settings = settings_for(services, tmp_path / "run", recording.name)
    await topic_creation.create(settings)
    with Worker(settings) as worker:
        await Replay(settings, ReplayOptions(speed=None)).run([recording])
        wait_until_settled(worker)
        assert not await read_letters(settings)
    [rows] = (await log_content(settings)).values()
    ordered = sorted(rows, key=lambda row: int(row["start_ns"]))
    streamed = score(
        RecordingTruth.of(recording),
        [row["scenarios"] for row in ordered if row["row"] == "scenario"],
        [row["activities"] for row in ordered if row["row"] == "activity"],
    )
    alone = offline(recording, Registry())
    assert streamed.scenario_f1 == pytest.approx(alone.scenario_f1, abs=0.01)
    assert streamed.har_accuracy == pytest.approx(alone.har_accuracy, abs=0.01)
