"""Adding partitions to all topics together, so that more workers can share the devices.

A key's partition is its hash modulo the number of partitions, so most devices move to another one.
Unread messages would then be processed separately from later ones: the topics must be read to their
end first. On compacted topics, moved keys are rewritten in their new partition and deleted from the
old one, so that no old value reappears once its tombstone is compacted away. A correction stays in
the partition of its device, where its deletion will be written if the device is erased.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.errors import (
    IncompatibleBrokerVersion,
    KafkaError,
    TopicAuthorizationFailedError,
)

from infra import topics
from infra.broker import broker_topics, fleet
from infra.broker.access import broker_error, client_arguments
from infra.broker.signing import Signatures
from infra.broker.topic_reader import TopicReader, partition_of
from infra.errors import BrokerError, TopicsError
from schemas import Correction, SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
        # Keys of compacted topics go along, so what follows them does not go elsewhere.
        left = {settings.topic(topic.name) for topic in topics.TOPICS if not topic.compacted}
        lags = await fleet.lags(settings, {name: counts.get(name) or 0 for name in left})
        unread = sum(each.messages for each in lags.values())
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
        moves = key_moves(name, await reader.to_the_end(), settings.topic_partitions)
    topic, signatures = settings.topic(name), Signatures.of(settings)
    producer = AIOKafkaProducer(**client_arguments(settings), acks="all")
    try:
        await producer.start()
        for move in moves:
            # Headers are copied: a move must not sign an unsigned message.
            home = {"partition": move.home, "headers": list(move.newest.headers)}
            # Written before the tombstones, so that a crash in between leaves a key to move again.
            await producer.send_and_wait(topic, move.newest.value, move.key, **home)
            gone = signatures.headers(topic, move.key, None)
            for partition in move.stale:
                await producer.send_and_wait(
                    topic, None, move.key, partition=partition, headers=gone
                )
            await asyncio.sleep(_TICK_S)
            await producer.send_and_wait(topic, move.newest.value, move.key, **home)
    except KafkaError as error:
        raise broker_error(settings, error, "Write") from error
    finally:
        await producer.stop()
    return len(moves)


@dataclass(frozen=True)
class KeyMove:
    """A key's newest record, the partition it goes `home` to, and the `stale` ones that have it."""

    key: bytes
    newest: Any
    home: int
    stale: list[int]


def key_moves(name: str, records: Sequence[Any], partitions: int) -> list[KeyMove]:
    """Return the moves of keys that are not at home alone, of a topic's records in their order.

    name: the topic's, without prefix. A correction is at home where its device is, any other
    message where its key is.
    """
    by_key: dict[bytes, dict[int, Any]] = defaultdict(dict)
    for record in records:
        by_key[bytes(record.key or b"")][record.partition] = record
    moves = []
    for key, places in by_key.items():
        home = _home(name, key, places.values(), partitions)
        if home is None:
            continue
        former = [record for number, record in places.items() if number != home]
        values = [r for r in (places.get(home), *former) if r and r.value is not None]
        stale = [record.partition for record in former if record.value is not None]
        beaten = home in places and any(r.timestamp >= places[home].timestamp for r in former)
        if values and (stale or beaten):
            moves.append(KeyMove(key, values[0], home, stale))
    return moves


def _home(name: str, key: bytes, records: Iterable[Any], partitions: int) -> int | None:
    """Return a key's partition; None for a correction that does not say whose it is."""
    if name != topics.CORRECTIONS:
        return partition_of(key, partitions)
    for record in records:
        with suppress(SchemaError):
            if record.value is not None:
                device = Correction.decode(record.value).device_id
                return partition_of(device.encode(), partitions)
    return None
