from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from infra import topics
from infra.broker import topic_creation
from infra.broker.topic_reader import read_letters
from tests.conftest import Services
from tests.pipeline.motion import motion_frames
from tests.pipeline.running import Worker, settings_for, unique_name

if TYPE_CHECKING:
    from pathlib import Path


def health(worker: Worker) -> tuple[int, str]:
    answer = worker.get("/api/health")
    return answer.status_code, answer.text


@pytest.mark.timeout(300)
@pytest.mark.services
async def test_a_topic_deleted_under_a_worker_is_named_and_read_on_once_it_is_back(
    kafka_url: str, redis_url: str, tmp_path: Path
) -> None:
    # On the embedded broker a topic goes with its worker.
    services = Services(kafka_url, redis_url)
    settings = settings_for(services, tmp_path / "run", unique_name("deleted"))
    await topic_creation.create(settings)
    spatial = settings.topic(topics.SPATIAL)
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers)
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    await producer.start()
    await admin.start()

    async def send(first: int, count: int, *, final: bool = False) -> None:
        for frame in motion_frames("walker", count, first=first, final=final):
            topic = settings.topic(topics.IMU_FRAMES)
            await producer.send_and_wait(topic, frame.encode(), key=b"walker")

    with Worker(settings) as worker:
        await send(0, 33)
        worker.wait_until(lambda: worker.counts().get("walker") == (1, 6))
        await admin.delete_topics([spatial])
        await send(33, 27)
        worker.wait_until(lambda: health(worker)[0] == 503)
        assert f"topic {spatial} is missing" in health(worker)[1]
        await send(60, 30)
        await topic_creation.create(settings)
        await send(90, 30, final=True)
        worker.wait_until(lambda: worker.counts().get("walker") == (4, 24))
        worker.wait_until(lambda: health(worker)[0] == 200)
        assert not await read_letters(settings)
        assert worker.output().count(f"topic {spatial} is missing") == 1
        assert worker.output().count(f"topic {spatial} is there again") == 1
        assert "Traceback" not in worker.output()

        await admin.create_partitions({spatial: NewPartitions(total_count=3)})
        assert worker.process is not None
        assert worker.process.wait(60) == 1
        assert worker.output().count(f"the worker ends: topic {spatial} has 3 partitions, but") == 1
        assert "Traceback" not in worker.output()
    await producer.stop()
    await admin.close()
