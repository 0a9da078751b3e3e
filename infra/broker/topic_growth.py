"""Adding partitions to all topics together, so that more workers can share the devices.

A key's partition is its hash modulo the number of partitions, so most devices move to another one.
Unread messages would then be processed separately from later ones: the topics must be read to their
end first. On compacted topics, moved keys are rewritten in their new partition and deleted from the
old one, so that no old value reappears once its tombstone is compacted away.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.errors import (
    IncompatibleBrokerVersion,
    KafkaError,
    TopicAuthorizationFailedError,
)
from aiokafka.partitioner import murmur2

from infra import topics
from infra.broker import broker_topics, fleet
from infra.broker.access import broker_error, client_arguments
from infra.broker.signing import Signatures
from infra.broker.topic_reader import TopicReader
from infra.errors import BrokerError, TopicsError

if TYPE_CHECKING:
    from infra.settings import Settings

_DEADLINE_S = 60.0
# Records are ordered by the millisecond in which they were written.
_TICK_S = 0.005


@dataclass(frozen=True)
class Growth:
    """Topics that grew, moved keys of compacted topics, and unread messages left behind."""

    grown: list[str]
    keys: int
    unread: int


def partition_of(key: bytes, partitions: int) -> int:
    """Return a key's partition by Kafka's default partitioner."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


async def grow(settings: Settings, partitions: int, *, force: bool = False) -> Growth:
    """Give every topic this many partitions; safe to repeat after an interruption.

    Raises `TopicsError` if a topic is missing or has more, if workers still run, or if messages are
    unread and `force` is false; and `BrokerError`.
    """
    counts = await broker_topics.describe(settings)
    for name, described in counts.items():
        count = broker_topics.number_of_partitions(name, described, settings)
        if count > partitions:
            raise TopicsError(
                f"topic {name} has {count} partitions, and Kafka cannot take any away: expected "
                f"--grow {count} or more"
            )
    admin = AIOKafkaAdminClient(**client_arguments(settings))
    try:
        await admin.start()
        await _refuse_running(admin, settings.app_id)
        by_topic = await fleet.lags(settings, {name: n or 0 for name, n in counts.items()})
        unread = sum(each.messages for each in by_topic.values())
        if unread and not force:
            raise TopicsError(
                f"{unread} messages are not processed yet, and what follows them would go to other "
                "partitions: start workers until egolog_consumer_lag is 0 and stop them, or --force"
            )
        grown = [name for name, count in counts.items() if count != partitions]
        if grown:
            await _add_partitions(admin, grown, partitions)
            await _until_all_have(settings, partitions)
    except IncompatibleBrokerVersion as error:
        raise BrokerError(
            f"broker at {settings.broker_url} cannot add partitions: the embedded one begins with "
            "EGOLOG_TOPIC_PARTITIONS each time"
        ) from error
    except KafkaError as error:
        raise broker_error(settings, error, "Alter") from error
    finally:
        await admin.close()
    after = settings.model_copy(update={"topic_partitions": partitions})
    moved_keys = [await _move_keys(after, topic.name) for topic in topics.TOPICS if topic.compacted]
    return Growth(grown, sum(moved_keys), unread)


async def _add_partitions(admin: AIOKafkaAdminClient, names: list[str], partitions: int) -> None:
    try:
        await admin.create_partitions({name: NewPartitions(partitions) for name in names})
    except TopicAuthorizationFailedError as error:
        # aiokafka raises a sentence, where others have names.
        raise TopicAuthorizationFailedError(names) from error


async def _refuse_running(admin: AIOKafkaAdminClient, group: str) -> None:
    members = len((await fleet.described(admin, group))[5])
    if members:
        raise TopicsError(
            f"{members} worker(s) of group {group} still run: stop all of them before topics grow"
        )


async def _until_all_have(settings: Settings, partitions: int) -> None:
    deadline = asyncio.get_running_loop().time() + _DEADLINE_S
    while set((await broker_topics.describe(settings)).values()) != {partitions}:
        if asyncio.get_running_loop().time() > deadline:
            raise TopicsError(f"topics do not have {partitions} partitions after {_DEADLINE_S:g} s")
        await asyncio.sleep(0.1)


async def _move_keys(settings: Settings, name: str) -> int:
    """Move the keys of a compacted topic to their new partitions; return how many."""
    async with TopicReader(settings, name) as reader:
        records = await reader.to_the_end()
    newest: dict[bytes, dict[int, Any]] = defaultdict(dict)
    for record in records:
        newest[bytes(record.key or b"")][record.partition] = record
    moved_keys = 0
    signatures = Signatures.of(settings)
    producer = AIOKafkaProducer(**client_arguments(settings), acks="all")
    await producer.start()
    try:
        for key, places in newest.items():
            home = partition_of(key, settings.topic_partitions)
            former = [r for number, r in places.items() if number != home]
            values = [r for r in (places.get(home), *former) if r and r.value is not None]
            stale = [r for r in former if r.value is not None]
            beaten = home in places and any(r.timestamp >= places[home].timestamp for r in former)
            if not values or not (stale or beaten):
                continue
            moved_keys += 1
            value = values[0].value
            topic = settings.topic(name)
            # Headers are copied: a move must not sign an unsigned message.
            signed = list(values[0].headers)
            gone = signatures.headers(topic, key, None)
            # Written before the tombstones, so that a crash in between leaves a key to move again.
            await producer.send_and_wait(topic, value, key, partition=home, headers=signed)
            for record in stale:
                await producer.send_and_wait(
                    topic, None, key, partition=record.partition, headers=gone
                )
            await asyncio.sleep(_TICK_S)
            await producer.send_and_wait(topic, value, key, partition=home, headers=signed)
    finally:
        await producer.stop()
    return moved_keys
