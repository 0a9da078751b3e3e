from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import AIOKafkaConsumer

from infra import topics
from infra.broker import broker_topics
from infra.broker.device_control import read_controls, write_control
from infra.broker.topic_growth import grow, key_moves
from infra.broker.topic_reader import TopicReader, by_writing, partition_of, publish
from infra.errors import BrokerError, TopicsError
from schemas import Correction, DeviceControl
from tests.broker_settings import with_topics
from tests.infra.daily_log.corrected_log import correction, named_span

if TYPE_CHECKING:
    from infra.settings import Settings


def record(partition: int, written: int, value: str) -> Any:
    return SimpleNamespace(partition=partition, timestamp=written, value=value)


def test_records_come_in_the_order_of_writing_whichever_partition_was_read_first() -> None:
    records = [record(1, 5, "e"), record(0, 1, "a"), record(0, 7, "f"), record(1, 5, "z")]
    assert [each.value for each in by_writing(records)] == ["a", "e", "z", "f"]
    turned = [record(0, 9, "a"), record(0, 4, "b"), record(1, 8, "before")]
    assert [each.value for each in by_writing(turned)] == ["before", "a", "b"]


def keyed(key: bytes, partition: int, value: bytes | None, written: int = 0) -> Any:
    return SimpleNamespace(key=key, partition=partition, value=value, timestamp=written, headers=())


def test_a_key_moves_from_every_partition_that_has_it_to_its_own() -> None:
    home = partition_of(b"d", 5)
    away = next(number for number in range(5) if number != home)
    other = next(number for number in range(5) if number not in (home, away))
    records = [keyed(b"d", away, b"old"), keyed(b"d", other, None)]
    [move] = key_moves(topics.LABELS, records, 5)
    assert (move.newest.value, move.home, move.stale) == (b"old", home, [away])
    at_home = [keyed(b"d", away, None, 1), keyed(b"d", home, b"new", 2)]
    assert key_moves(topics.LABELS, at_home, 5) == []
    # Deleted everywhere, or nothing that a correction could be.
    assert key_moves(topics.LABELS, [keyed(b"d", away, None)], 5) == []
    assert key_moves(topics.CORRECTIONS, [keyed(b"d", away, b"no correction")], 5) == []


def test_a_correction_is_at_home_where_its_device_is() -> None:
    made = correction(3, named_span(0, 30, "Eating"))
    key, home = made.correction_id.encode(), partition_of(made.device_id.encode(), 5)
    away = partition_of(key, 5)
    assert home != away
    [move] = key_moves(topics.CORRECTIONS, [keyed(key, away, made.encode())], 5)
    assert (move.home, move.stale) == (home, [away])
    assert key_moves(topics.CORRECTIONS, [keyed(key, home, made.encode())], 5) == []


@pytest.fixture
async def settings(kafka_url: str) -> Settings:
    made = await with_topics(kafka_url, 2)
    return made.model_copy(update={"app_id": made.topic_prefix.strip(".")})


@pytest.mark.services
async def test_all_topics_grow_and_keys_of_compacted_ones_go_along(settings: Settings) -> None:
    names = [f"d{number}" for number in range(12)]
    for name in names:
        await write_control(settings, DeviceControl(device_id=name, state="paused"))
    await write_control(settings, DeviceControl(device_id=names[0], state="active"))
    made = [correction(number, named_span(0, 30, "Eating")) for number in range(6)]
    for each in made:
        key = each.correction_id
        await publish(settings, topics.CORRECTIONS, key, each.encode(), beside=each.device_id)
    growth = await grow(settings, 5)
    assert len(growth.grown) == len(topics.used_topics(settings))
    devices = [*names, *(each.device_id for each in made)]
    moved = [n for n in devices if partition_of(n.encode(), 2) != partition_of(n.encode(), 5)]
    assert growth.keys == len(moved) > 0
    after = settings.model_copy(update={"topic_partitions": 5})
    assert set((await broker_topics.describe(after)).values()) == {5}
    assert await grow(after, 5) == growth.__class__([], 0, 0)
    controls = await read_controls(after)
    assert {name: controls[name].state for name in names} == {
        name: "active" if name == names[0] else "paused" for name in names
    }
    # In every partition where a key is not at home its newest record is its deletion.
    async with TopicReader(after, topics.DEVICE_CONTROL) as reader:
        newest = {(r.key, r.partition): r.value for r in await reader.to_the_end()}
    for (key, partition), value in newest.items():
        assert (value is not None) == (partition == partition_of(key, 5))
    async with TopicReader(after, topics.CORRECTIONS) as reader:
        records = [r for r in await reader.to_the_end() if r.value is not None]
    newest_of = {Correction.decode(r.value).correction_id: r.partition for r in records}
    home = partition_of(made[0].device_id.encode(), 5)
    assert newest_of == {each.correction_id: home for each in made}


@pytest.mark.services
async def test_topics_do_not_grow_under_workers_nor_over_unread_messages(
    settings: Settings,
) -> None:
    with pytest.raises(TopicsError, match="Kafka cannot take any away: expected --grow 2 or more"):
        await grow(settings, 1)
    await publish(settings, topics.IMU_FRAMES, "d", b"unread")
    with pytest.raises(TopicsError, match="1 messages are not processed yet"):
        await grow(settings, 3)
    consumer = AIOKafkaConsumer(
        settings.topic(topics.IMU_FRAMES),
        bootstrap_servers=settings.bootstrap_servers,
        group_id=settings.app_id,
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        await consumer.getmany(timeout_ms=5_000)
        with pytest.raises(TopicsError, match=r"1 worker\(s\) of group .* still run"):
            await grow(settings, 3)
    finally:
        await consumer.stop()
    assert (await grow(settings, 3, force=True)).unread == 1


@pytest.mark.pipeline
async def test_the_embedded_broker_says_that_it_cannot_grow(broker_url: str) -> None:
    with pytest.raises(BrokerError, match="cannot add partitions: the embedded one begins with"):
        await grow(await with_topics(broker_url, 1), 2)
