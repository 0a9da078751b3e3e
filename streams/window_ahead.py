"""Spatial windows → what can be computed of a scenario window before it ends.

The sound events and the motion of thirty seconds are most of the cost of a scenario, and the
windows of wearers with synchronised clocks all end at the same moment: nothing should wait until
then. The results are only cached: a record is the same without them.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.network.windows import HAR_WINDOW_S, SCENARIO_WINDOW_S, SEGMENT_S
from models.serving.segment_motion import BLOCK
from models.serving.segment_sounds import LoudestAhead
from models.serving.window_ahead import WindowAhead
from schemas.frames import NS
from streams.engine.features import feature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas import Window

_SEGMENTS = SCENARIO_WINDOW_S // SEGMENT_S
_BLOCK_S = BLOCK * SEGMENT_S


class OpenWindow:
    """The sound and motion of a session's open scenario window, second by second."""

    def __init__(self) -> None:
        self._begin(-1)

    def _begin(self, window: int) -> None:
        self._window = window
        self._loudest = LoudestAhead(_SEGMENTS)
        self._sound, self._motion = _Seconds(SEGMENT_S), _Seconds(_BLOCK_S)

    def push(self, second: Window) -> WindowAhead | None:
        """Take a spatial window; return what can be computed now."""
        window, number = divmod(second.start_ns // NS, SCENARIO_WINDOW_S)
        if window != self._window:
            self._begin(window)
        mel, imu = feature(second, "mel"), feature(second, "imu")
        sound, loudest = (None, ()) if mel is None else self._push_sound(number, mel)
        motion = None if imu is None else self._push_motion(number, imu)
        return None if sound is None and motion is None else WindowAhead(sound, loudest, motion)

    def _push_sound(
        self, number: int, mel: NDArray[Any]
    ) -> tuple[NDArray[Any] | None, Sequence[NDArray[Any]]]:
        """Return what to encode and to tag.

        Nothing for the last segment of a window: its estimate follows at once. Where an activity
        window ends with the segment, the first of its two seconds is encoded before.
        """
        self._sound.push(number, mel)
        segment, place = divmod(number, SEGMENT_S)
        if place < SEGMENT_S - 1:
            activity_follows = (segment + 1) * SEGMENT_S % HAR_WINDOW_S == 0
            return (mel if activity_follows else None), ()
        whole = None if segment == _SEGMENTS - 1 else self._sound.latest()
        return whole, () if whole is None else self._loudest.push(segment, whole)

    def _push_motion(self, number: int, imu: NDArray[Any]) -> NDArray[Any] | None:
        self._motion.push(number, imu)
        whole = self._motion.latest() if (number + 1) % _BLOCK_S == 0 else None
        return None if whole is None else whole.reshape(BLOCK, -1, whole.shape[1])


class _Seconds:
    """The latest `count` seconds, as long as none of them is missing."""

    def __init__(self, count: int) -> None:
        self._next = 0
        self._parts = deque[NDArray[Any]](maxlen=count)

    def push(self, number: int, part: NDArray[Any]) -> None:
        if number != self._next:
            self._parts.clear()
        self._next = number + 1
        self._parts.append(part)

    def latest(self) -> NDArray[Any] | None:
        whole = len(self._parts) == self._parts.maxlen
        return np.concatenate(self._parts) if whole else None
