"""Delivers messages to the agents' channels without suspending where their buffers have room.

For each message, Faust's conductor takes a lock, suspends twice and decodes a value that is raw
bytes here. Only messages that have to wait for room still take that path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faust.events import Event
from faust.transport.conductor import Conductor

if TYPE_CHECKING:
    from faust.types import TP, Message


class Handler:
    """Delivers the messages of one partition; awaited, it does what Faust's own handler does."""

    def __init__(self, conductor: Conductor, tp: TP, channels: Any, waiting: Any) -> None:
        self._app = conductor.app
        self._tp = tp
        self._channels = channels
        self._waiting = waiting

    async def __call__(self, message: Message) -> None:
        """Deliver a message as soon as there is room."""
        await self._waiting(message)

    def deliver(self, message: Message) -> bool:
        """Deliver a message now if every agent's buffer has room; return whether it did."""
        app, channels = self._app, self._channels
        if not channels or not app.flow_control.is_active():
            return False
        queues = [channel.queue for channel in channels]
        if any(queue.full() for queue in queues):
            return False
        message.incref(len(queues))
        # `app.create_event` looks this class up among Faust's options, for each message anew.
        event = Event(app, message.key, message.value, message.headers, message)
        for queue in queues:
            queue.put_nowait_enhanced(
                event,
                on_pressure_high=self._on_pressure_high,
                on_pressure_drop=self._on_pressure_drop,
            )
        return True

    def _on_pressure_high(self) -> None:
        self._app.consumer.on_buffer_full(self._tp)

    def _on_pressure_drop(self) -> None:
        self._app.consumer.on_buffer_drop(self._tp)


class DirectConductor(Conductor):
    """Faust's conductor with a synchronous path for messages that need not wait."""

    def deliver(self, message: Message) -> bool:
        """Deliver a message now to all agents that read its topic; return whether it could."""
        handler = self._tp_to_callback.get(message.tp)
        return isinstance(handler, Handler) and handler.deliver(message)

    def _build_handler(self, tp: TP, channels: Any) -> Any:
        return Handler(self, tp, channels, super()._build_handler(tp, channels))
