from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

import schemas
from infra import topics
from infra.errors import BrokerError, TopicsError
from infra.local.probe import free_port
from infra.settings import Settings, load
from schemas import (
    ActivityLabel,
    AudioFrame,
    Correction,
    DeviceControl,
    ModelUpdate,
    Spatial,
)


@pytest.fixture
def settings(any_broker_url: str) -> Settings:
    return load(
        env_file=None,
        broker_url=any_broker_url,
        topic_prefix=f"{uuid4().hex[:8]}.",
        topic_partitions=3,
    )


async def test_create_makes_what_is_missing_and_then_nothing(settings: Settings) -> None:
    names = [settings.topic(topic.name) for topic in topics.used_topics(settings)]
    assert await topics.describe(settings) == dict.fromkeys(names)
    assert await topics.create(settings) == names
    assert await topics.create(settings) == []
    assert await topics.describe(settings) == dict.fromkeys(names, 3)
    topics.check(await topics.describe(settings), settings)


async def test_workers_that_create_at_the_same_moment_all_succeed(settings: Settings) -> None:
    await asyncio.gather(*(topics.create(settings) for _ in range(4)))
    topics.check(await topics.describe(settings), settings)


async def test_describing_creates_nothing(settings: Settings) -> None:
    await topics.describe(settings)
    assert set((await topics.describe(settings)).values()) == {None}


async def test_a_topic_with_another_count_is_one_line_with_both_counts(
    settings: Settings,
) -> None:
    name = settings.topic("spatial")
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic(name, 2, 1)])
    await admin.close()
    with pytest.raises(TopicsError) as caught:
        await topics.create(settings)
    assert str(caught.value) == (
        f"topic {name} has 2 partitions, but EGOLOG_TOPIC_PARTITIONS is 3: "
        "set it to 2, or let all topics grow with `topics --grow 3`"
    )


def test_more_partitions_than_set_are_not_answered_by_growing() -> None:
    settings = load(env_file=None, topic_partitions=2)
    found = {settings.topic(topic.name): 4 for topic in topics.TOPICS}
    with pytest.raises(TopicsError) as caught:
        topics.check(found, settings)
    assert str(caught.value) == (
        "topic audio.frames has 4 partitions, but EGOLOG_TOPIC_PARTITIONS is 2: set it to 4"
    )


def test_a_missing_topic_is_one_line_with_the_command_to_create_it() -> None:
    settings = load(env_file=None, topic_partitions=3, topic_prefix="lab.")
    found = {settings.topic(topic.name): 3 for topic in topics.TOPICS[1:]}
    with pytest.raises(TopicsError) as caught:
        topics.check(found, settings)
    assert str(caught.value) == (
        "topic lab.audio.frames is missing: create it with `faust -A streams.app topics --create`"
    )


async def test_a_missing_broker_is_one_line_with_its_address() -> None:
    url = f"kafka://127.0.0.1:{free_port()}"
    with pytest.raises(BrokerError) as caught:
        await topics.describe(load(env_file=None, broker_url=url))
    assert str(caught.value) == (
        f"broker at {url} does not answer: start it, or correct EGOLOG_BROKER_URL"
    )


async def test_topics_for_debugging_are_there_only_where_they_are_asked_for(
    settings: Settings,
) -> None:
    await topics.create(settings)
    debugging = settings.model_copy(update={"debug_topics": True})
    assert await topics.create(debugging) == [
        settings.topic(name) for name in (topics.WINDOWS, topics.SCENARIO_ESTIMATE)
    ]


def test_every_message_type_has_exactly_one_topic() -> None:
    kinds = {
        kind
        for kind in vars(schemas).values()
        if isinstance(kind, type) and issubclass(kind, schemas.Message) and hasattr(kind, "TYPE")
    }
    assert {topic.value for topic in topics.TOPICS} == kinds
    assert len(topics.TOPICS) == len(kinds)


def test_a_topic_takes_the_largest_message_of_its_type() -> None:
    for topic in topics.TOPICS:
        assert int(topic.config()["max.message.bytes"]) > topic.value.MAX_BYTES


def test_only_decisions_are_kept_for_good() -> None:
    by_value = {topic.value: topic.config() for topic in topics.TOPICS}
    assert by_value[ActivityLabel]["cleanup.policy"] == "compact"
    assert by_value[ModelUpdate]["cleanup.policy"] == "compact"
    assert by_value[DeviceControl]["cleanup.policy"] == "compact"
    assert by_value[Correction]["cleanup.policy"] == "compact"
    assert by_value[Spatial]["retention.ms"] == str(7 * 86_400_000)
    assert by_value[AudioFrame]["retention.ms"] == str(86_400_000)
    assert sum(config["cleanup.policy"] == "compact" for config in by_value.values()) == 4
