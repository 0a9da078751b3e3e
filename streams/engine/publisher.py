"""The one way by which messages leave a worker.

Faust's topics would wrap each message in three objects and a callback, for five times what it costs
to encode; what is published here needs a confirmation and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from faust.types.transports import ProducerT

    from schemas import Message


class Publisher:
    """Sends messages, keyed by device.

    `full_name` gives a topic's name at the broker; `start` starts the producer and returns it. Only
    the first message asks for it, because Faust gives way to the event loop in each call. `headers`
    are a message's, of its topic's full name, its device and its bytes.
    """

    def __init__(
        self,
        full_name: Callable[[str], str],
        start: Callable[[], Awaitable[ProducerT]],
        headers: Callable[[str, str, bytes], Sequence[tuple[str, bytes]]],
    ) -> None:
        self._full_name = full_name
        self._start = start
        self._headers = headers
        self._producer: ProducerT | None = None

    async def publish(self, name: str, partition: int | None, message: Message) -> Awaitable[Any]:
        """Send a message to a topic; the returned awaitable is its confirmation."""
        if self._producer is None:
            self._producer = await self._start()
        topic, device_id, value = self._full_name(name), message.device_id, message.encode()
        delivery: Awaitable[Any] = await self._producer.send(
            topic,
            device_id.encode(),
            value,
            partition,
            timestamp=None,
            headers=list(self._headers(topic, device_id, value)) or None,
        )
        return delivery
