"""A buffer in which no device's messages stand before another's."""

from __future__ import annotations

from collections import OrderedDict, deque
from math import ceil
from typing import Any

from mode.utils.queues import ThrowableQueue

from streams.engine.kafka.topic import GuardedTopic

# What a place in the buffer is meant for: a second of sound of two microphones.
_PLACE_BYTES = 65_536
# A message without samples takes up memory too.
_MIN_BYTES = 2_048


class _Rounds:
    """Events by device, handed out one of each device in turn; those of a device in order."""

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
    """Faust's queue of a channel, whose `maxsize` is in seconds of sound.

    Single samples of motion take up less than such a second, so a device that sends many of them
    does not fill the buffer, which would stop the reading of everybody's partitions. Once full it
    takes nothing until a quarter was read: to wait for a place costs Faust more than a message.
    """

    _queue: _Rounds
    _filled = False

    def _init(self, maxsize: int) -> None:  # noqa: ARG002 - the signature is its caller's
        self._queue = _Rounds()

    def full(self) -> bool:
        """Return whether it was filled and a quarter was not read since."""
        full_from = self.maxsize - self.maxsize // 4 if self._filled else self.maxsize
        self._filled = self.maxsize > 0 and self.qsize() >= full_from
        return self._filled

    def _put(self, item: Any) -> None:
        self._queue.append(item)

    def _get(self) -> Any:
        return self._queue.popleft()

    def qsize(self) -> int:
        """Return how many places are taken, at least one where there is anything."""
        return ceil(self._queue.bytes / _PLACE_BYTES)


class FairTopic(GuardedTopic):
    """A channel whose messages, keyed by device, are read in turns."""

    _queue: FairQueue | None

    @property
    def queue(self) -> FairQueue:
        """The buffer of what was fetched and not read yet."""
        if self._queue is None:
            maxsize = self.maxsize or self.app.conf.stream_buffer_maxsize
            self._queue = FairQueue(
                maxsize=maxsize, flow_control=self.app.flow_control, clear_on_resume=True
            )
        return self._queue


def _size(event: Any) -> int:
    return max(_MIN_BYTES, int(event.message.serialized_value_size))
