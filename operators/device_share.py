"""A device's share of a worker: how many frames and bytes of a second it may send.

Seconds are of event time, so that a replay at any speed, or one after a crash, drops the same
frames. Whoever cuts a second into thousands of frames costs their neighbours as much as dozens of
devices do.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, NamedTuple

from schemas.frames import NS

# Frames come in order but for the lateness; what is older counts anew.
_REMEMBERED_SECONDS = 8
_REMEMBERED_DEVICES = 10_000
# Of a device, in all of its sessions.
_REMEMBERED_STREAMS = 16
# Of each stream, frames and bytes by second.
_Seconds = dict[int, tuple[int, int]]


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
        self._devices: OrderedDict[str, OrderedDict[tuple[str, str], _Seconds]] = OrderedDict()

    def takes(self, frame: FrameHeader) -> bool:
        """Return whether a frame is within its device's share; a final one always is."""
        streams = self._devices.setdefault(frame.device_id, OrderedDict())
        seconds = streams.setdefault((frame.session_id, frame.kind), {})
        streams.move_to_end((frame.session_id, frame.kind))
        self._devices.move_to_end(frame.device_id)
        _keep_newest(streams, _REMEMBERED_STREAMS)
        _keep_newest(self._devices, _REMEMBERED_DEVICES)
        second = frame.t_ns // NS
        frames, size = seconds.get(second, (0, 0))
        after = frames + 1, size + frame.size
        if not frame.final and (after[0] > self._frames_per_s or after[1] > self._bytes_per_s):
            return False
        seconds[second] = after
        while len(seconds) > _REMEMBERED_SECONDS:
            del seconds[next(iter(seconds))]
        return True

    def forget_device(self, device_id: str) -> None:
        """Count a device from the start."""
        self._devices.pop(device_id, None)

    def forget(self) -> None:
        """Count from the start: partitions will be read again."""
        self._devices.clear()


def _keep_newest(items: OrderedDict[Any, Any], most: int) -> None:
    while len(items) > most:
        items.popitem(last=False)
