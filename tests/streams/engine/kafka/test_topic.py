from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import faust

from streams.engine.kafka.topic import GuardedTopic

if TYPE_CHECKING:
    import pytest


def test_a_channel_of_several_topics_has_all_their_names() -> None:
    app = faust.App("topic-test", broker="kafka://127.0.0.1:1")
    assert GuardedTopic(app, topics=["a", "b"]).get_topic_name() == "a, b"


async def test_only_a_message_that_was_not_given_up_is_handed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    published: list[Any] = []
    monkeypatch.setattr(
        faust.Topic, "_on_published", lambda self, fut, **options: published.append((fut, options))
    )
    topic = GuardedTopic.__new__(GuardedTopic)
    loop = asyncio.get_running_loop()
    sent, given_up = loop.create_future(), loop.create_future()
    sent.set_result(None)
    given_up.cancel()
    topic._on_published(sent, message="m")
    topic._on_published(given_up, message="n")
    assert published == [(sent, {"message": "m"})]
