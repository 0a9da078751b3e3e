from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra.broker import topic_creation
from infra.settings import EMBEDDED, Settings
from streams.commands.running_services import running
from streams.producers.recordings import open_recordings
from streams.producers.replay import Replay, ReplayOptions
from tests.conftest import Services
from tests.pipeline.log import differences, log_content
from tests.pipeline.running import Worker, settings_for, wait_until_settled

if TYPE_CHECKING:
    from pathlib import Path

SPEC = "simulated:21:2"
Log = dict[str, list[dict[str, Any]]]


def addresses(settings: Settings) -> Settings:
    return running(settings, "broker_url", "redis_url")


async def replay_all(worker: Worker) -> None:
    settings = addresses(worker.settings)
    await Replay(settings, ReplayOptions(speed=None)).run(open_recordings(SPEC))


async def undisturbed_log(services: Services, run_dir: Path) -> Log:
    settings = settings_for(services, run_dir, "undisturbed")
    if services.broker_url != EMBEDDED:
        await topic_creation.create(settings)
    with Worker(settings) as worker:
        await replay_all(worker)
        wait_until_settled(worker)
        return await log_content(addresses(settings))


def wait_for_records(worker: Worker, count: int) -> None:
    worker.wait_until(lambda: sum(map(sum, worker.counts().values())) >= count, 240.0)


@pytest.mark.pipeline
@pytest.mark.timeout(600)
async def test_after_a_kill_the_log_is_there_and_another_replay_completes_it(
    tmp_path: Path,
) -> None:
    services = Services(EMBEDDED, EMBEDDED)
    whole = await undisturbed_log(services, tmp_path / "whole")
    settings = settings_for(services, tmp_path / "killed", "killed")
    with Worker(settings) as worker:
        await replay_all(worker)
        wait_for_records(worker, 8)
        before = worker.counts()
        worker.kill()
        worker.start()
        [(device, (scenarios, activities))] = before.items()
        worker.wait_until(lambda: device in worker.counts())
        after = worker.counts()[device]
        assert after[0] >= scenarios
        assert after[1] >= activities
        await replay_all(worker)
        wait_until_settled(worker)
        assert differences(whole, await log_content(addresses(settings))) == []


@pytest.mark.pipeline
@pytest.mark.services
@pytest.mark.timeout(600)
async def test_with_a_kafka_a_kill_costs_nothing(kafka_url: str, tmp_path: Path) -> None:
    services = Services(kafka_url, EMBEDDED)
    whole = await undisturbed_log(services, tmp_path / "whole")
    settings = settings_for(services, tmp_path / "killed", "killed")
    await topic_creation.create(settings)
    with Worker(settings) as worker:
        await replay_all(worker)
        wait_for_records(worker, 8)
        worker.kill()
        worker.start()
        # Kafka gives the killed worker's partitions away only once its session has timed out.
        wait_for_records(worker, sum(map(len, whole.values())))
        wait_until_settled(worker)
        assert differences(whole, await log_content(addresses(settings))) == []
