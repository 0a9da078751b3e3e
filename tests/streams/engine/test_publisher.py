from __future__ import annotations

import asyncio
from typing import Any

from streams.engine.publisher import Publisher
from tests.streams.engine.messages import estimate


class Topic:
    """A topic that keeps how it was sent to."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.confirmation: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def send(self, **message: Any) -> asyncio.Future[str]:
        self.sent.append(message)
        return self.confirmation


async def test_a_message_is_keyed_by_its_device_and_confirmed_later() -> None:
    topic = Topic()
    opened: list[str] = []

    def open_topic(name: str) -> Any:
        opened.append(name)
        return topic

    publisher = Publisher(open_topic)
    message = estimate()
    for partition in (3, None):
        delivery = await publisher.publish("scenario", partition, message)
        assert delivery is topic.confirmation
    assert opened == ["scenario"]
    assert topic.sent == [
        {"key": b"d", "value": message, "partition": partition} for partition in (3, None)
    ]
