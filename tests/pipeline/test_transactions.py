from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaProducer

from infra import topics
from infra.broker import topic_creation
from infra.broker.topic_reader import read_letters
from tests.conftest import Services
from tests.pipeline.commits import commit_lag
from tests.pipeline.motion import motion_frames
from tests.pipeline.running import Worker, settings_for, unique_name, wait_until_settled

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(300)
@pytest.mark.pipeline
@pytest.mark.services
async def test_a_transactions_markers_count_as_read_and_what_it_aborts_is_no_frame(
    kafka_url: str, redis_url: str, tmp_path: Path
) -> None:
    # The embedded broker does not offer transactions.
    services = Services(kafka_url, redis_url)
    name = unique_name("transactions")
    settings = settings_for(services, tmp_path / "run", name, session_end_timeout_s=8.0)
    await topic_creation.create(settings)
    frames = motion_frames("walker", 60)
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap_servers, transactional_id=unique_name("producer")
    )
    await producer.start()
    topic = settings.topic(topics.IMU_FRAMES)
    for first in range(0, 60, 5):
        for outcome in ("abort", "commit"):
            await producer.begin_transaction()
            for frame in frames[first : first + 5]:
                value = frame.encode() if outcome == "commit" else b"aborted"
                await producer.send_and_wait(topic, value, key=b"walker", partition=0)
            await getattr(producer, f"{outcome}_transaction")()
    # Its partition ends in a marker of a transaction of which nothing is left.
    await producer.begin_transaction()
    await producer.send_and_wait(topic, b"aborted", key=b"sitter", partition=1)
    await producer.abort_transaction()
    await producer.stop()
    with Worker(settings) as worker:
        worker.wait_until(lambda: worker.counts().get("walker") == (2, 12))
        plain = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers)
        await plain.start()
        for frame in motion_frames("sitter", 33, final=False):
            await plain.send_and_wait(topic, frame.encode(), key=b"sitter", partition=1)
        await plain.stop()
        # Only a topic that was read to its end lets a session without a final frame end.
        worker.wait_until(lambda: worker.counts().get("sitter") == (2, 7))
        wait_until_settled(worker)
        assert worker.metric("egolog_offset_gaps_total") == 0
        assert not await read_letters(settings)
        assert "not in the broker" not in worker.output()
        worker.stop()
    assert await commit_lag(settings) == {}
