"""A device's share of a worker: how many frames and bytes of a second it may send.

Seconds are of event time, so that a replay at any speed, or one after a crash, drops the same
frames. Whoever cuts a second into thousands of frames costs their neighbours as much as dozens of
devices do.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from schemas.frames import NS

# Frames come in order but for the lateness; what is older counts anew.
_REMEMBERED_SECONDS = 8
_REMEMBERED_STREAMS = 20_000


class FrameHeader(NamedTuple):
    """What tells of a frame how much of its device's share it takes.

    `kind` is the message's type, `t_ns` the event time of the first sample, `size` the message's
    bytes.
    """

    device_id: str
    session_id: str
    kind: str
    t_ns: int
    size: int
    final: bool


class DeviceShare:
    """Counts frames and bytes by stream and second of event time."""

    def __init__(self, frames_per_s: int, bytes_per_s: int) -> None:
        self._frames_per_s = frames_per_s
        self._bytes_per_s = bytes_per_s
        self._streams: OrderedDict[tuple[str, str, str], OrderedDict[int, tuple[int, int]]] = (
            OrderedDict()
        )

    def takes(self, frame: FrameHeader) -> bool:
        """Return whether a frame is within its device's share; a final one always is."""
        stream = frame.device_id, frame.session_id, frame.kind
        seconds = self._streams.setdefault(stream, OrderedDict())
        self._streams.move_to_end(stream)
        while len(self._streams) > _REMEMBERED_STREAMS:
            self._streams.popitem(last=False)
        second = frame.t_ns // NS
        frames, size = seconds.get(second, (0, 0))
        after = frames + 1, size + frame.size
        if not frame.final and (after[0] > self._frames_per_s or after[1] > self._bytes_per_s):
            return False
        seconds[second] = after
        while len(seconds) > _REMEMBERED_SECONDS:
            seconds.popitem(last=False)
        return True

    def forget(self) -> None:
        """Count from the start: partitions will be read again."""
        self._streams.clear()
