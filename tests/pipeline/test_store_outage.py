from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis

from infra import topics
from infra.broker import topic_creation
from infra.broker.topic_reader import read_letters
from infra.local.probe import free_port
from infra.local.redis_embedded import EmbeddedRedis
from tests.conftest import Services
from tests.pipeline.motion import motion_frames
from tests.pipeline.running import Worker, settings_for, unique_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from schemas import ImuFrame


@pytest.mark.timeout(300)
@pytest.mark.services
@pytest.mark.parametrize("earlier", [0, 20], ids=["a new device", "a known device"])
async def test_a_store_that_refuses_while_frames_come_costs_no_record(
    broker_url: str, debian_redis_url: str, tmp_path: Path, earlier: int
) -> None:
    services = Services(broker_url, debian_redis_url)
    settings = settings_for(services, tmp_path / "run", unique_name("refusal"))
    await topic_creation.create(settings)
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers)
    await producer.start()
    frames = list(motion_frames("walker", 60))

    async def send(some: Sequence[ImuFrame]) -> None:
        for frame in some:
            topic = settings.topic(topics.IMU_FRAMES)
            await producer.send_and_wait(topic, frame.encode(), key=b"walker")

    with Worker(settings) as worker:
        await send(frames[:earlier])
        worker.wait_until(lambda: not earlier or worker.metric("egolog_windows_total") >= 1)
        async with Redis.from_url(debian_redis_url) as admin:
            await admin.config_set("maxmemory", "1")
            try:
                await send(frames[earlier:])
                worker.wait_until(lambda: worker.output().count("refuses: OOM") == 1)
                # A full store is read as before.
                assert worker.counts().keys() <= {"walker"}
            finally:
                await admin.config_set("maxmemory", "0")
        worker.wait_until(lambda: worker.counts() == {"walker": (2, 12)})
        assert not await read_letters(settings)
        of_redis = [line for line in worker.output().splitlines() if "redis at" in line]
        # What the test's server keeps is another matter.
        lines = [line for line in of_redis if "writes nothing to disk" not in line]
        assert len(lines) == 2
        assert "answers again" in lines[1]
        assert "Traceback" not in worker.output()
    await producer.stop()


@pytest.mark.timeout(300)
@pytest.mark.services
async def test_a_store_that_is_away_for_ten_seconds_ends_no_worker(
    broker_url: str, tmp_path: Path
) -> None:
    port = free_port()
    store = EmbeddedRedis(tmp_path / "store", port)
    services = Services(broker_url, store.start())
    settings = settings_for(services, tmp_path / "run", unique_name("away"))
    await topic_creation.create(settings)
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers)
    await producer.start()
    with Worker(settings) as worker:
        store.stop()
        for frame in motion_frames("walker", 60):
            await producer.send_and_wait(
                settings.topic(topics.IMU_FRAMES), frame.encode(), key=b"walker"
            )
        worker.wait_until(lambda: "does not answer" in worker.output())
        ready = worker.get("/api/health/ready")
        assert (ready.status_code, ready.json()["error"].count("\n")) == (503, 0)
        assert worker.get("/api/health/live").status_code == 200
        await asyncio.sleep(10)
        store = EmbeddedRedis(tmp_path / "store", port)
        store.start()
        worker.wait_until(lambda: worker.counts() == {"walker": (2, 12)})
        assert "Traceback" not in worker.output()
        assert len(worker.logs) == 1
    store.stop()
    await producer.stop()
