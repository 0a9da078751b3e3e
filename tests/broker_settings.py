"""Settings on a broker that several tests share, with topics of their own."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from aiokafka import AIOKafkaProducer

from infra.broker import topic_creation
from infra.broker.access import client_arguments
from infra.settings import Settings, load

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# Below the time that any reader waits for one more message.
_STEP_S = 0.05


def before_topics(broker_url: str, partitions: int) -> Settings:
    """Return settings of topics of the test's own, which are not there yet."""
    return load(
        env_file=None,
        broker_url=broker_url,
        topic_prefix=f"{uuid4().hex[:8]}.",
        topic_partitions=partitions,
    )


async def with_topics(broker_url: str, partitions: int) -> Settings:
    """Create topics of the test's own and return their settings."""
    made = before_topics(broker_url, partitions)
    await topic_creation.create(made)
    return made


@asynccontextmanager
async def never_resting(
    settings: Settings, name: str, value: bytes = b"after"
) -> AsyncIterator[None]:
    """Write messages to each partition of a topic without a pause, from before the block on."""
    producer = AIOKafkaProducer(**client_arguments(settings), acks="all")
    begun = asyncio.Event()

    async def write() -> None:
        while True:
            for partition in range(settings.topic_partitions):
                topic = settings.topic(name)
                await producer.send_and_wait(topic, value, b"restless", partition=partition)
            begun.set()
            await asyncio.sleep(_STEP_S)

    await producer.start()
    writing = asyncio.create_task(write())
    try:
        await begun.wait()
        yield
        assert not writing.done()
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await producer.stop()
