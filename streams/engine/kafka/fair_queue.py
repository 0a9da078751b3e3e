"""A buffer that serves devices round-robin, so that no device delays the others."""

from __future__ import annotations

from collections import OrderedDict, deque
from math import ceil
from typing import Any

from mode.utils.queues import ThrowableQueue

from streams.engine.kafka.topic import GuardedTopic

# The unit of the buffer's size: a second of sound from two microphones.
_PLACE_BYTES = 65_536
# The least that a message is counted with: one without samples takes up memory too.
_MIN_BYTES = 2_048


class _Rounds:
    """Events by device, taken from one device after another; those of a device in order."""

    def __init__(self) -> None:
        self._devices: OrderedDict[bytes | None, deque[Any]] = OrderedDict()
        self.bytes: int = 0

    def __bool__(self) -> bool:
        return bool(self._devices)

    def append(self, event: Any) -> None:
        self._devices.setdefault(event.message.key, deque()).append(event)
        self.bytes += _size(event)

    def popleft(self) -> Any:
        device, events = self._devices.popitem(last=False)
        event = events.popleft()
        if events:
            self._devices[device] = events
        self.bytes -= _size(event)
        return event

    def clear(self) -> None:
        self._devices.clear()
        self.bytes = 0


class FairQueue(ThrowableQueue[Any]):
    """Faust's channel queue with a `maxsize` in seconds of sound instead of messages.

    Single motion samples take up far less than a second of sound, so a device that sends many of
    them does not fill the buffer, which would pause the partitions of all devices. Once full, it
    accepts nothing until a quarter was read: waiting for room costs Faust more than a message.
    """

    _queue: _Rounds
    _filled = False

    def _init(self, maxsize: int) -> None:  # noqa: ARG002 - the signature is its caller's
        self._queue = _Rounds()

    def full(self) -> bool:
        """Return whether the buffer is full, or was and less than a quarter was read since."""
        full_from = self.maxsize - self.maxsize // 4 if self._filled else self.maxsize
        self._filled = self.maxsize > 0 and self.qsize() >= full_from
        return self._filled

    def _put(self, item: Any) -> None:
        self._queue.append(item)

    def _get(self) -> Any:
        return self._queue.popleft()

    def qsize(self) -> int:
        """Return the buffered size in seconds of sound, rounded up."""
        return ceil(self._queue.bytes / _PLACE_BYTES)


class FairTopic(GuardedTopic):
    """A channel whose messages, keyed by device, are read round-robin."""

    _queue: FairQueue | None

    @property
    def queue(self) -> FairQueue:
        """The buffer of fetched messages that are not read yet."""
        if self._queue is None:
            maxsize = self.maxsize or self.app.conf.stream_buffer_maxsize
            self._queue = FairQueue(
                maxsize=maxsize, flow_control=self.app.flow_control, clear_on_resume=True
            )
        return self._queue


def _size(event: Any) -> int:
    return max(_MIN_BYTES, int(event.message.serialized_value_size))
