from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import AIOKafkaConsumer

from infra import topics
from infra.broker import broker_topics
from infra.broker.device_control import read_controls, write_control
from infra.broker.topic_growth import grow, partition_of
from infra.broker.topic_reader import TopicReader, by_writing, publish
from infra.errors import BrokerError, TopicsError
from schemas import DeviceControl
from tests.broker_settings import with_topics

if TYPE_CHECKING:
    from infra.settings import Settings


def record(partition: int, written: int, value: str) -> Any:
    return SimpleNamespace(partition=partition, timestamp=written, value=value)


def test_records_come_in_the_order_of_writing_whichever_partition_was_read_first() -> None:
    records = [record(1, 5, "e"), record(0, 1, "a"), record(0, 7, "f"), record(1, 5, "z")]
    assert [each.value for each in by_writing(records)] == ["a", "e", "z", "f"]
    turned = [record(0, 9, "a"), record(0, 4, "b"), record(1, 8, "before")]
    assert [each.value for each in by_writing(turned)] == ["before", "a", "b"]


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
    growth = await grow(settings, 5)
    assert len(growth.grown) == len(topics.used_topics(settings))
    moved = [n for n in names if partition_of(n.encode(), 2) != partition_of(n.encode(), 5)]
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
