"""Rate limits of a device: the frames and bytes that it may send per second.

Seconds are of event time, so that a replay at any speed, or one after a crash, drops the same
frames. A device that cuts a second into thousands of frames costs a worker as much as dozens of
devices.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from schemas.frames import NS

# Frames are in order up to the lateness; counts of older seconds are dropped.
_REMEMBERED_SECONDS = 16
_REMEMBERED_DEVICES = 10_000
# A session's last frame is accepted beyond the limit, since otherwise its windows would wait for it
# forever; the number of such frames per second is limited.
_FINALS_PER_S = 4


class FrameHeader(NamedTuple):
    """The parts of a frame that count towards its device's share.

    `kind` is the message's type, `t_ns` the event time of the first sample, `size` the message's
    bytes.
    """

    device_id: str
    session_id: str
    kind: str
    t_ns: int
    size: int
    final: bool


class _Taken(NamedTuple):
    """The usage of a second: `beyond` counts the final frames above the share."""

    frames: int = 0
    size: int = 0
    beyond: int = 0


_NOTHING = _Taken()


class DeviceShare:
    """Counts frames and bytes by device, kind and second of event time, over all its sessions."""

    def __init__(self, frames_per_s: int, bytes_per_s: int) -> None:
        self._frames_per_s = frames_per_s
        self._bytes_per_s = bytes_per_s
        self._devices: OrderedDict[str, dict[str, dict[int, _Taken]]] = OrderedDict()

    def takes(self, frame: FrameHeader) -> bool:
        """Return whether a frame is within its device's share, or one of a few final frames."""
        kinds = self._devices.setdefault(frame.device_id, {})
        self._devices.move_to_end(frame.device_id)
        if len(self._devices) > _REMEMBERED_DEVICES:
            self._devices.popitem(last=False)
        seconds = kinds.setdefault(frame.kind, {})
        second = frame.t_ns // NS
        frames, size, beyond = seconds.get(second, _NOTHING)
        frames, size = frames + 1, size + frame.size
        if frames > self._frames_per_s or size > self._bytes_per_s:
            if not frame.final or beyond == _FINALS_PER_S:
                return False
            beyond += 1
        seconds[second] = _Taken(frames, size, beyond)
        if len(seconds) > _REMEMBERED_SECONDS:
            del seconds[next(iter(seconds))]
        return True

    def forget_device(self, device_id: str) -> None:
        """Start counting a device from zero."""
        self._devices.pop(device_id, None)

    def forget(self) -> None:
        """Start counting from zero: partitions will be read again."""
        self._devices.clear()
