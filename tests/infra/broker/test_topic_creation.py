from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from infra import topics
from infra.broker import broker_topics, topic_creation
from infra.errors import TopicsError
from tests.broker_settings import before_topics

if TYPE_CHECKING:
    from infra.settings import Settings


@pytest.fixture
def settings(any_broker_url: str) -> Settings:
    return before_topics(any_broker_url, 3)


async def test_create_makes_what_is_missing_and_then_nothing(settings: Settings) -> None:
    names = [settings.topic(topic.name) for topic in topics.used_topics(settings)]
    assert await broker_topics.describe(settings) == dict.fromkeys(names)
    assert await topic_creation.create(settings) == names
    assert await topic_creation.create(settings) == []
    assert await broker_topics.describe(settings) == dict.fromkeys(names, 3)
    broker_topics.check(await broker_topics.describe(settings), settings)


async def test_workers_that_create_at_the_same_moment_all_succeed(settings: Settings) -> None:
    await asyncio.gather(*(topic_creation.create(settings) for _ in range(4)))
    broker_topics.check(await broker_topics.describe(settings), settings)


async def test_a_topic_with_another_count_is_one_line_with_both_counts(
    settings: Settings,
) -> None:
    name = settings.topic("spatial")
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic(name, 2, 1)])
    await admin.close()
    with pytest.raises(TopicsError) as caught:
        await topic_creation.create(settings)
    assert str(caught.value) == (
        f"topic {name} has 2 partitions, but EGOLOG_TOPIC_PARTITIONS is 3: "
        "set it to 2, or let all topics grow with `topics --grow 3`"
    )


async def test_topics_for_debugging_are_there_only_where_they_are_asked_for(
    settings: Settings,
) -> None:
    await topic_creation.create(settings)
    debugging = settings.model_copy(update={"debug_topics": True})
    assert await topic_creation.create(debugging) == [
        settings.topic(name) for name in (topics.WINDOWS, topics.SCENARIO_ESTIMATE)
    ]
