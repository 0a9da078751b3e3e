"""The one way by which messages leave a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from faust.types import TopicT

    from schemas import Message


class Publisher:
    """Sends messages, keyed by device; `open_topic` is asked once for each topic's name."""

    def __init__(self, open_topic: Callable[[str], TopicT[Any]]) -> None:
        self._open_topic = open_topic
        self._topics: dict[str, TopicT[Any]] = {}

    async def publish(self, name: str, partition: int | None, message: Message) -> Awaitable[Any]:
        """Send a message to a topic; the returned awaitable is its confirmation."""
        if name not in self._topics:
            self._topics[name] = self._open_topic(name)
        delivery: Awaitable[Any] = await self._topics[name].send(
            key=message.device_id.encode(), value=message, partition=partition
        )
        return delivery
