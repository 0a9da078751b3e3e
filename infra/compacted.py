"""A compacted topic as every worker reads it: all partitions, from the beginning, without a group.

Faust's `GlobalTable` would do this too, but its recovery trusts the broker's last offset, which the
embedded broker reports too low, and is a part of every rebalance. What is read here is a handful of
small messages, so every worker that starts simply reads them anew.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError

from infra.errors import BrokerError
from infra.settings import Settings
from infra.topics import require_broker

# Reading is at its end once the last offset was read and nothing more comes for this long: the
# embedded broker reports the last offset too low by the size of the last batch.
_QUIET_MS = 200
_FOLLOW_MS = 1_000


class CompactedReader:
    """Reads the topic `name`: first to its end, then what comes.

    Raises `BrokerError` where no broker answers.
    """

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        topic = settings.topic(name)
        self._partitions = [TopicPartition(topic, p) for p in range(settings.topic_partitions)]
        self._consumer: Any = None

    async def __aenter__(self) -> CompactedReader:
        await require_broker(self._settings)
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.bootstrap_servers,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            await self._consumer.start()
            self._consumer.assign(self._partitions)
            await self._consumer.seek_to_beginning(*self._partitions)
        except KafkaError as error:
            await self._consumer.stop()
            raise _failed(self._settings, error) from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._consumer.stop()

    async def to_the_end(self) -> list[Any]:
        """Return the records up to the topic's end, in order within each partition."""
        found: list[Any] = []
        try:
            ends = await self._consumer.end_offsets(self._partitions)
            while True:
                batches = await self._consumer.getmany(timeout_ms=_QUIET_MS)
                found += [record for records in batches.values() for record in records]
                if not batches and await self._is_at(ends):
                    return found
        except KafkaError as error:
            raise _failed(self._settings, error) from error

    async def follow(self) -> AsyncIterator[Any]:
        """Yield the records that come until this is closed; a broker that is away is waited for."""
        while True:
            try:
                batches = await self._consumer.getmany(timeout_ms=_FOLLOW_MS)
            except ConsumerStoppedError:
                return
            for records in batches.values():
                for record in records:
                    yield record

    async def _is_at(self, ends: dict[TopicPartition, int]) -> bool:
        return all([await self._consumer.position(tp) >= end for tp, end in ends.items()])


async def publish(settings: Settings, name: str, key: str, value: bytes | None) -> None:
    """Write one message and wait until the broker has it; None is a tombstone.

    Raises `BrokerError`.
    """
    await require_broker(settings)
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers, acks="all")
    try:
        await producer.start()
        await producer.send_and_wait(settings.topic(name), key=key.encode(), value=value)
    except KafkaError as error:
        raise _failed(settings, error) from error
    finally:
        await producer.stop()


def _failed(settings: Settings, error: KafkaError) -> BrokerError:
    return BrokerError(f"broker at {settings.broker_url} failed: {error!r}")
