from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import RequestTimedOutError

from infra import clock, topics
from infra.broker import raw_topic_retention
from infra.settings import Settings
from streams.engine.raw_retention import delete_processed
from tests.broker_settings import with_topics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiokafka.errors import KafkaError


@pytest.mark.parametrize("name", [topics.AUDIO_FRAMES, topics.IMU_FRAMES])
def test_segments_of_frames_are_short_enough_for_their_retention(name: str) -> None:
    [raw] = [topic for topic in topics.TOPICS if topic.name == name]
    config = raw.config(raw_retention_s=3_600)
    assert config["segment.ms"] == str(900_000)
    # What was not processed stays for its day, and longer where processed frames do.
    assert config["retention.ms"] == str(86_400_000)
    assert raw.config(raw_retention_s=7 * 86_400)["retention.ms"] == str(7 * 86_400_000)


@pytest.mark.services
async def test_only_what_is_processed_and_old_is_deleted(
    kafka_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: Settings = await with_topics(kafka_url, 2)
    sound, motion = (TopicPartition(settings.topic(name), 0) for name in topics.RAW)
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers)
    await producer.start()
    for number in range(6):
        for tp in (sound, motion):
            await producer.send_and_wait(tp.topic, b"frame %d" % number, partition=0)
    await producer.stop()
    committed = {sound: 4, motion: 5, TopicPartition(sound.topic, 1): None}
    assert await delete_processed(settings, committed) == 0
    now_s = clock.now_s()
    monkeypatch.setattr(clock, "now_s", lambda: now_s + 3_700)
    assert await delete_processed(settings, committed) == 9
    assert await delete_processed(settings, committed) == 0
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.bootstrap_servers)
    await consumer.start()
    try:
        both = [sound, motion]
        assert await consumer.beginning_offsets(both) == {sound: 4, motion: 5}
        assert await consumer.end_offsets(both) == {sound: 6, motion: 6}
    finally:
        await consumer.stop()


class Broker:
    """A consumer and an admin client of a broker that deletes, or raises `error`."""

    error: KafkaError | None = None

    def __init__(self, **_: object) -> None:
        pass

    async def start(self) -> None:
        if self.error is not None:
            raise self.error

    async def stop(self) -> None:
        pass

    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> dict[Any, int]:
        return dict.fromkeys(partitions, 0)

    async def offsets_for_times(self, times: Mapping[TopicPartition, int]) -> dict[Any, None]:
        return dict.fromkeys(times)

    async def delete_records(self, _: object) -> None:
        pass

    close = stop


async def test_a_problem_that_comes_again_is_warned_of_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for client in ("AIOKafkaConsumer", "AIOKafkaAdminClient"):
        monkeypatch.setattr(f"streams.engine.raw_retention.{client}", Broker)
    settings = Settings(broker_url="kafka://127.0.0.1:1", _env_file=None)
    committed = {TopicPartition(settings.topic(topics.AUDIO_FRAMES), 0): 3}
    away = RequestTimedOutError()
    for error in (away, away, None, away):
        monkeypatch.setattr(Broker, "error", error)
        assert await delete_processed(settings, committed) == (3 if error is None else 0)
    warned = [each for each in caplog.records if each.levelname == "WARNING"]
    assert len(warned) == 2


@pytest.mark.services
async def test_an_existing_topic_gets_the_retention_and_keeps_what_else_was_set(
    kafka_url: str,
) -> None:
    settings = await with_topics(kafka_url, 1)
    name = settings.topic(topics.AUDIO_FRAMES)
    assert await raw_topic_retention.align_raw(settings) == []
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    await admin.start()
    try:
        older = {"segment.ms": "21600000", "min.insync.replicas": "1", "cleanup.policy": "delete"}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, older)])
        await topic_config(admin, name, "segment.ms", "21600000")
        changed = settings.model_copy(update={"raw_retention_h": 2})
        assert await raw_topic_retention.align_raw(changed) == [
            settings.topic(topics.AUDIO_FRAMES),
            settings.topic(topics.IMU_FRAMES),
        ]
        config = await topic_config(admin, name, "segment.ms", "1800000")
        assert await raw_topic_retention.align_raw(changed) == []
    finally:
        await admin.close()
    assert config["min.insync.replicas"] == "1"


async def topic_config(admin: Any, name: str, key: str, value: str) -> dict[str, str]:
    """Return a topic's configuration once the broker tells what it was last given."""
    async with asyncio.timeout(30):
        while True:
            [reply] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
            config = {entry[0]: entry[1] for entry in reply.resources[0][4]}
            if config[key] == value:
                return config
            await asyncio.sleep(0.1)
