"""The fleet of workers as the broker has it: who has which partitions, and the lag."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    KafkaError,
    NotCoordinatorForGroupError,
    for_code,
)

from infra import clock, topics
from infra.broker.access import broker_error, client_arguments
from infra.broker.admin import admin_client

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiokafka.admin import AIOKafkaAdminClient

    from infra.settings import Settings

STABLE = "Stable"
"""Kafka's state of a group whose members have their partitions."""

# What Kafka makes of a worker's place in the group: `streams.engine.member_id` and a suffix.
_PLACE = re.compile(r"(?P<host>.+)-member-(?P<port>\d+)-[0-9a-f]{16}-[0-9a-f]{8}-[0-9a-f-]{36}")
_COORDINATOR_S = 60.0
_NO_COORDINATOR = (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)
# More than one answer of the broker takes.
_FIRST_RECORDS_S = 5.0
_FETCH_MS = 500


@dataclass(frozen=True)
class Member:
    """A worker in the group: its host and port if it has a place of its own, else Kafka's id.

    `partitions` are by topic, None where the broker does not say, as the embedded one.
    """

    name: str
    address: str
    partitions: Mapping[str, Sequence[int]] | None


@dataclass(frozen=True)
class Lag:
    """What workers have not committed of a topic: messages, and how long the oldest waits, s."""

    messages: int
    waits_s: float


async def described(admin: AIOKafkaAdminClient, group: str) -> Any:
    """Return the broker's description of a group; raises `KafkaError`.

    The first request to a new cluster triggers the election of a group coordinator, and one that
    has just begun knows no members yet.
    """
    deadline = asyncio.get_running_loop().time() + _COORDINATOR_S
    while True:
        try:
            [response] = await admin.describe_consumer_groups([group])
            [group_described] = response.groups
            # aiokafka returns a refusal as a group without members.
            if group_described[0]:
                raise for_code(group_described[0])(group)
        except _NO_COORDINATOR:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.2)
        else:
            return group_described


async def members(settings: Settings) -> tuple[str, list[Member]]:
    """Return the state of the workers' group and who is in it; raises `BrokerError`."""
    async with admin_client(settings) as admin:
        _, _, state, _, _, present, *_ = await described(admin, settings.app_id)
    return state, sorted((_member(*each) for each in present), key=lambda each: each.name)


def _member(
    member_id: str, _client: str, address: str, _metadata: bytes, assignment: bytes
) -> Member:
    place = _PLACE.fullmatch(member_id)
    name = member_id if place is None else f"{place['host']}:{place['port']}"
    partitions = None
    if assignment:
        assigned = ConsumerProtocolMemberAssignment.decode(assignment).assignment
        partitions = {topic: sorted(numbers) for topic, numbers in assigned}
    return Member(name, address.removeprefix("/"), partitions)


async def lags(settings: Settings, counts: Mapping[str, int]) -> dict[str, Lag]:
    """Return the lag of the workers' group in each topic that it reads.

    counts: partitions by topic, by the broker's names. Raises `BrokerError`.
    """
    consumer = AIOKafkaConsumer(
        **client_arguments(settings), group_id=settings.app_id, enable_auto_commit=False
    )
    try:
        await consumer.start()
        found = {}
        for topic in topics.TOPICS:
            name = settings.topic(topic.name)
            if topic.name in topics.READ_BY_WORKERS and counts.get(name):
                partitions = [TopicPartition(name, number) for number in range(counts[name])]
                starts = await _starts(consumer, partitions)
                messages = sum(count for _, count in starts.values())
                waits = await _waits_s(consumer, {tp: at for tp, (at, n) in starts.items() if n})
                found[name] = Lag(messages, waits)
        return found
    except KafkaError as error:
        raise broker_error(settings, error, "Read") from error
    finally:
        await consumer.stop()


async def _starts(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]
) -> dict[TopicPartition, tuple[int, int]]:
    """Return the first offset that is not committed, and how many messages follow, by partition."""
    begins = await consumer.beginning_offsets(partitions)
    found = {}
    for tp, end in (await consumer.end_offsets(partitions)).items():
        start = max(begins[tp], await consumer.committed(tp) or 0)
        found[tp] = (start, max(0, end - start))
    return found


async def _waits_s(consumer: AIOKafkaConsumer, starts: Mapping[TopicPartition, int]) -> float:
    """Return how long the oldest of the messages at these offsets waits, s; 0 without any."""
    if not starts:
        return 0.0
    consumer.assign([*starts])
    for tp, offset in starts.items():
        consumer.seek(tp, offset)
    oldest: dict[TopicPartition, int] = {}
    deadline = asyncio.get_running_loop().time() + _FIRST_RECORDS_S
    while len(oldest) < len(starts) and asyncio.get_running_loop().time() < deadline:
        for tp, records in (await consumer.getmany(timeout_ms=_FETCH_MS)).items():
            oldest.setdefault(tp, records[0].timestamp)
            consumer.pause(tp)
    return max(0.0, clock.now_s() - min(oldest.values()) / 1_000) if oldest else 0.0
