"""Reading whole topics: all partitions from the beginning, without a consumer group.

Every worker reads the compacted topics this way, and dead letters are listed with it. Faust's
`GlobalTable` could do the former, but its recovery trusts the broker's last offset, which the
embedded broker reports too low, and runs in every rebalance. The messages here are few and small,
so a starting worker simply reads them all.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError, RequestTimedOutError
from aiokafka.partitioner import DefaultPartitioner

from infra import topics
from infra.broker import broker_topics
from infra.broker.access import broker_error, client_arguments, require_broker
from infra.broker.signing import Signatures
from infra.local.embedded import broker_life
from schemas import DeadLetter, Message, SchemaError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from infra.settings import Settings

_FETCH_MS = 1_000
_FOLLOW_MS = 5_000
# Long polling: Kafka answers a fetch as soon as there is data. Until then it blocks other requests
# on the connection, but a follower makes none.
_FOLLOWED_WAIT_MS = 5_000
_FOLLOWED_EMBEDDED_WAIT_MS = 500
# A fetch at the end of a topic holds back the question where the end is, and the close.
_READ_WAIT_MS = 20
# How often aiokafka checks each partition even without data, s.
_FOLLOWED_LOOK_S = 5.0
_AT_MS = 2_000
# As long as aiokafka waits for an answer. It asks again without end, also a broker that is gone.
_SILENT_S = 40.0
# Kafka answers the end of a TLS connection only once it has answered the fetch that it holds back.
_CLOSE_S = 0.2
# Most messages in a batch of the embedded broker.
_EMBEDDED_END_LAG = 10_000
# A fetch must hold the largest message, a window of thirty seconds.
_MAX_FETCH_BYTES = 5_000_000

MessageT = TypeVar("MessageT", bound=Message)


class TopicReader:
    """Reads the topic `name` to its end, and then follows it.

    Raises `TopicsError` unless the topic is there, seen by this login and as large as set, and
    `BrokerError` if no broker answers.
    """

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self._name, topic = name, settings.topic(name)
        self._partitions = [TopicPartition(topic, p) for p in range(settings.topic_partitions)]
        self._consumer: Any = None

    async def __aenter__(self) -> TopicReader:
        # A consumer would ask for ever for what it may not see, and never read more partitions.
        await broker_topics.require(self._settings, self._name)
        self._consumer = AIOKafkaConsumer(
            **client_arguments(self._settings),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=_MAX_FETCH_BYTES,
            fetch_max_wait_ms=_READ_WAIT_MS,
        )
        try:
            await self._consumer.start()
            self._consumer.assign(self._partitions)
            await self._consumer.seek_to_beginning(*self._partitions)
        except BaseException as error:
            # Also of whoever stops a command here.
            await self._consumer.stop()
            if isinstance(error, KafkaError):
                raise broker_error(self._settings, error, "Read") from error
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        connections = [*self._consumer._client._conns.values()]
        transports = [each._writer.transport for each in connections if each.connected()]
        stopping = asyncio.ensure_future(self._consumer.stop())
        await asyncio.wait([stopping], timeout=_CLOSE_S)
        if not stopping.done():
            for transport in transports:
                transport.abort()
        await stopping

    async def to_the_end(self) -> list[Any]:
        """Return the records up to the topic's end, in the order in which they were written.

        The order holds across partitions, so the newest record of a key that moved comes last.
        """
        return by_writing([record async for record in self.records_to_the_end()])

    async def records_to_the_end(self) -> AsyncIterator[Any]:
        """Yield the records up to the topic's end, without holding them all in memory.

        The end is where it is at the call, so a topic that never rests is read once. Records that
        arrive with the last of them are yielded as well, for `follow` to miss none.
        """
        try:
            ends = await self._consumer.end_offsets(self._partitions)
            positions, answered_at = await self._positions(), monotonic()
            # Of the last batch the embedded broker counts one message only, but a fetch has all.
            while any(positions[tp] < end for tp, end in ends.items()):
                batches = await self._consumer.getmany(timeout_ms=_FETCH_MS)
                for records in batches.values():
                    for record in records:
                        yield record
                before, positions = positions, await self._positions()
                if positions != before:
                    answered_at = monotonic()
                elif monotonic() - answered_at > _SILENT_S:
                    raise RequestTimedOutError(f"its topic {self._name} is not read to the end")
        except KafkaError as error:
            raise broker_error(self._settings, error, "Read") from error

    async def unread(self) -> int:
        """Return an upper bound of the offsets left up to the topic's end; raises `BrokerError`."""
        try:
            ends = await self._consumer.end_offsets(self._partitions)
            positions = await self._positions()
        except KafkaError as error:
            raise broker_error(self._settings, error, "Read") from error
        return sum(max(0, end - positions[tp]) for tp, end in ends.items())

    async def at(self, partition: int, offsets: Sequence[int]) -> list[bytes]:
        """Return the values of one partition at ascending offsets, skipping deleted ones."""
        tp = self._partitions[partition]
        values = []
        try:
            first = (await self._consumer.beginning_offsets([tp]))[tp]
            end = (await self._consumer.end_offsets([tp]))[tp]
            # Only this partition is fetched.
            self._consumer.assign([tp])
            for offset in offsets:
                if not first <= offset < end + _EMBEDDED_END_LAG:
                    continue
                if await self._position(tp) != offset:
                    self._consumer.seek(tp, offset)
                batches = await self._consumer.getmany(tp, timeout_ms=_AT_MS, max_records=1)
                values += [
                    record.value
                    for records in batches.values()
                    for record in records
                    if record.offset == offset and record.value is not None
                ]
        except KafkaError as error:
            raise broker_error(self._settings, error, "Read") from error
        return values

    async def follow(self) -> AsyncIterator[Any]:
        """Yield new records until closed; waits while the broker is unavailable.

        Raises `BrokerError` if reading is no longer allowed.
        """
        fetcher = self._consumer._fetcher
        fetcher._fetcher_timeout = _FOLLOWED_LOOK_S
        embedded = broker_life(self._settings) is not None
        fetcher._fetch_max_wait_ms = _FOLLOWED_EMBEDDED_WAIT_MS if embedded else _FOLLOWED_WAIT_MS
        while True:
            try:
                batches = await self._consumer.getmany(timeout_ms=_FOLLOW_MS)
            except ConsumerStoppedError:
                return
            except KafkaError as error:
                raise broker_error(self._settings, error, "Read") from error
            for records in batches.values():
                for record in records:
                    yield record

    async def _positions(self) -> dict[TopicPartition, int]:
        return {tp: await self._position(tp) for tp in self._partitions}

    async def _position(self, tp: TopicPartition) -> int:
        try:
            async with asyncio.timeout(_SILENT_S):
                return int(await self._consumer.position(tp))
        except TimeoutError:
            raise RequestTimedOutError(f"where {tp.topic} begins is not known") from None


def by_writing(records: Sequence[Any]) -> list[Any]:
    """Merge records by time of writing, keeping the order within each partition."""
    newest: dict[int, int] = {}
    order = []
    for record in records:
        # A broker's clock may be set back; the order within its partition still holds.
        written = max(newest.get(record.partition, 0), int(record.timestamp))
        newest[record.partition] = written
        order.append(written)
    return [records[at] for at in sorted(range(len(records)), key=order.__getitem__)]


async def read_all(settings: Settings, name: str, kind: type[MessageT]) -> list[MessageT]:
    """Return every message of a topic, in order within each partition."""
    async with TopicReader(settings, name) as reader:
        records = await reader.to_the_end()
    return [kind.decode(record.value) for record in records]


async def read_at(settings: Settings, name: str, places: Sequence[tuple[int, int]]) -> list[bytes]:
    """Return the values at (partition, offset), skipping those the broker no longer has.

    Raises `BrokerError`.
    """
    if not places:
        return []
    values: list[bytes] = []
    async with TopicReader(settings, name) as reader:
        for partition in sorted({partition for partition, _ in places}):
            values += await reader.at(partition, [o for p, o in sorted(places) if p == partition])
    return values


async def read_letters(settings: Settings) -> list[DeadLetter]:
    """Return every dead letter once, in the order of topic, partition and offset.

    Records that are not dead letters are skipped; `infra.broker.dead_letters` lists them.
    """
    async with TopicReader(settings, topics.DEAD_LETTER) as reader:
        records = await reader.to_the_end()
    letters: dict[tuple[str, int, int, str], DeadLetter] = {}
    for record in records:
        with suppress(SchemaError):
            letter = DeadLetter.decode(record.value)
            letters[letter.identity] = letter
    return [letters[identity] for identity in sorted(letters)]


async def publish(
    settings: Settings,
    name: str,
    key: str,
    value: bytes | None,
    *,
    beside: str | None = None,
    partition: int | None = None,
) -> None:
    """Write one message and wait for the broker's acknowledgement; None is a tombstone.

    It goes to `partition`, or to that of the key `beside`, by default of its own key. Raises
    `BrokerError`.
    """
    if beside is not None:
        partition = partition_of(beside.encode(), settings.topic_partitions)
    await require_broker(settings)
    producer = AIOKafkaProducer(**client_arguments(settings), acks="all")
    try:
        await producer.start()
        topic, name_bytes = settings.topic(name), key.encode()
        headers = Signatures.of(settings).headers(topic, name_bytes, value)
        await producer.send_and_wait(
            topic, key=name_bytes, value=value, headers=headers, partition=partition
        )
    except KafkaError as error:
        raise broker_error(settings, error, "Write") from error
    finally:
        await producer.stop()


def partition_of(key: bytes, partitions: int) -> int:
    """Return a key's partition by Kafka's default partitioner."""
    every = list(range(partitions))
    return int(DefaultPartitioner()(key, every, every))
