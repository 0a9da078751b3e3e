"""Hands messages to the agents' channels at once where there is room.

Faust's conductor takes a lock, suspends twice and decodes, for each message, what is raw bytes
here. Only what has to wait goes its way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faust.transport.conductor import Conductor

if TYPE_CHECKING:
    from faust.types import TP, Message


class Handler:
    """Hands over the messages of one partition; awaited, it does so as Faust does."""

    def __init__(self, conductor: Conductor, tp: TP, channels: Any, waiting: Any) -> None:
        self._app = conductor.app
        self._tp = tp
        self._channels = channels
        self._waiting = waiting

    async def __call__(self, message: Message) -> None:
        """Hand a message over once there is room."""
        await self._waiting(message)

    def hand_over(self, message: Message) -> bool:
        """Hand a message over now, and return whether there was room for it with every agent."""
        app, channels = self._app, self._channels
        if not channels or not app.flow_control.is_active():
            return False
        queues = [channel.queue for channel in channels]
        if any(queue.full() for queue in queues):
            return False
        message.incref(len(queues))
        event = app.create_event(message.key, message.value, message.headers, message)
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
    """Faust's conductor, whose messages need not wait for each other."""

    def hand_over(self, message: Message) -> bool:
        """Hand a message to all that read its topic, and return whether that was possible now."""
        handler = self._tp_to_callback.get(message.tp)
        return isinstance(handler, Handler) and handler.hand_over(message)

    def _build_handler(self, tp: TP, channels: Any) -> Any:
        return Handler(self, tp, channels, super()._build_handler(tp, channels))
