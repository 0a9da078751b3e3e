"""Reading a topic from its beginning to its end."""

from __future__ import annotations

from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition

from infra.settings import Settings
from schemas import DeadLetter, Message

MessageT = TypeVar("MessageT", bound=Message)

# The embedded broker reports its end too low by a batch, so the end is where nothing more comes.
_QUIET_MS = 700


async def read_letters(settings: Settings) -> list[DeadLetter]:
    """Return every dead letter once, in the order of topic, partition and offset."""
    letters = {
        (letter.topic, letter.partition, letter.offset): letter
        for letter in await read_all(settings, "dead.letter", DeadLetter)
    }
    return [letters[identity] for identity in sorted(letters)]


async def read_all(settings: Settings, name: str, kind: type[MessageT]) -> list[MessageT]:
    """Return every message of a topic, in order within each partition."""
    topic = settings.topic(name)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=5_000_000,
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, p) for p in range(settings.topic_partitions)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        found: list[MessageT] = []
        while True:
            batches: dict[Any, list[Any]] = await consumer.getmany(timeout_ms=_QUIET_MS)
            if not batches:
                return found
            for records in batches.values():
                found += [kind.decode(record.value) for record in records]
    finally:
        await consumer.stop()
