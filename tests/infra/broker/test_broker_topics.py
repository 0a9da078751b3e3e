from __future__ import annotations

import pytest

from infra import topics
from infra.broker import broker_topics
from infra.errors import BrokerError, TopicsError
from infra.local.probe import free_port
from infra.settings import load
from tests.broker_settings import before_topics


async def test_describing_creates_nothing(any_broker_url: str) -> None:
    settings = before_topics(any_broker_url, 3)
    await broker_topics.describe(settings)
    assert set((await broker_topics.describe(settings)).values()) == {None}


def test_more_partitions_than_set_are_not_answered_by_growing() -> None:
    settings = load(env_file=None, topic_partitions=2)
    found = {settings.topic(topic.name): 4 for topic in topics.TOPICS}
    with pytest.raises(TopicsError) as caught:
        broker_topics.check(found, settings)
    assert str(caught.value) == (
        "topic audio.frames has 4 partitions, but EGOLOG_TOPIC_PARTITIONS is 2: set it to 4"
    )


def test_a_missing_topic_is_one_line_with_the_command_to_create_it() -> None:
    settings = load(env_file=None, topic_partitions=3, topic_prefix="lab.")
    found = {settings.topic(topic.name): 3 for topic in topics.TOPICS[1:]}
    with pytest.raises(TopicsError) as caught:
        broker_topics.check(found, settings)
    assert str(caught.value) == (
        "topic lab.audio.frames is missing: create it with `faust -A streams.app topics --create`"
    )


async def test_a_missing_broker_is_one_line_with_its_address() -> None:
    url = f"kafka://127.0.0.1:{free_port()}"
    with pytest.raises(BrokerError) as caught:
        await broker_topics.describe(load(env_file=None, broker_url=url))
    assert str(caught.value) == (
        f"broker at {url} does not answer: start it, or correct EGOLOG_BROKER_URL"
    )
