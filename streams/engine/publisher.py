"""Sends a worker's messages to the broker.

Faust's topics wrap each message in three objects and a callback, at five times the cost of encoding
it. All that is needed here is the broker's confirmation.
"""

from __future__ import annotations

import asyncio
from functools import partial
from time import time
from typing import TYPE_CHECKING, Any

from faust.types import TP
from faust.types.tuples import ConsumerMessage

from infra.broker.device_control import after_headers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from aiokafka.structs import RecordMetadata
    from faust.types import Message as KafkaMessage
    from faust.types.transports import ProducerT

    from schemas import Message


class Publisher:
    """Sends messages, keyed by device.

    `full_name` returns a topic's name at the broker. `start` starts the producer and returns it; it
    is called once, because Faust yields to the event loop in each call. `headers` returns the
    headers of a message, given its topic's full name, its device and its bytes. Messages of the
    topics `read_back` are passed to `take_written` once the broker has confirmed them.
    """

    def __init__(
        self,
        full_name: Callable[[str], str],
        start: Callable[[], Awaitable[ProducerT]],
        headers: Callable[[str, str, bytes], Sequence[tuple[str, bytes]]],
        read_back: Collection[str] = (),
        take_written: Callable[[KafkaMessage], None] = lambda message: None,  # noqa: ARG005 - the signature is its callers'
    ) -> None:
        self._full_name = full_name
        self._start = start
        self._headers = headers
        self._read_back = frozenset(read_back)
        self._take_written = take_written
        self._producer: ProducerT | None = None

    async def publish(
        self, name: str, partition: int | None, message: Message, after_ms: int = 0
    ) -> Awaitable[Any]:
        """Send a message to a topic; return an awaitable of the broker's confirmation.

        `after_ms` is the last erasure of its device that is known here, 0 for none.
        """
        if self._producer is None:
            self._producer = await self._start()
        topic, device_id, value = self._full_name(name), message.device_id, message.encode()
        key = device_id.encode()
        headers = [*self._headers(topic, device_id, value), *after_headers(after_ms)]
        sent_s = time()
        delivery: Awaitable[Any] = await self._producer.send(
            topic, key, value, partition, timestamp=sent_s, headers=headers or None
        )
        if name in self._read_back and isinstance(delivery, asyncio.Future):
            delivery.add_done_callback(partial(self._on_delivery, key, value, headers, sent_s))
        return delivery

    def _on_delivery(
        self,
        key: bytes,
        value: bytes,
        headers: Sequence[tuple[str, bytes]],
        sent_s: float,
        delivery: asyncio.Future[RecordMetadata],
    ) -> None:
        if delivery.cancelled() or delivery.exception() is not None:
            return
        written = delivery.result()
        # aiokafka reports the timestamp of a batch's first message for all of its messages.
        # Truncated to whole ms, as a fetch would return it.
        stamp_ms = int(sent_s * 1_000.0) if written.timestamp_type == 0 else written.timestamp
        self._take_written(
            # The consumer does not learn that a plain `Message` is acknowledged, nor commit it.
            ConsumerMessage(
                written.topic,
                written.partition,
                written.offset,
                stamp_ms / 1_000,
                written.timestamp_type,
                headers,
                key,
                value,
                None,
                tp=TP(written.topic, written.partition),
            )
        )
