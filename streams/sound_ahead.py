"""Spatial windows → what can be computed of a scenario window's sound before it ends.

The sound events of thirty seconds are most of the cost of a scenario, and no record should wait for
them at the window's end. The results are only cached: a record is the same without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.network.windows import SCENARIO_WINDOW_S, SEGMENT_S
from models.serving.segment_sounds import LoudestAhead
from schemas.frames import NS
from streams.engine.features import feature

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.serving.segment_sounds import SoundAhead
    from schemas import Window

_SEGMENTS = SCENARIO_WINDOW_S // SEGMENT_S


class OpenWindow:
    """The sound of a session's open scenario window, second by second."""

    def __init__(self) -> None:
        self._window = -1
        self._loudest = LoudestAhead(_SEGMENTS)
        self._seconds: list[tuple[int, NDArray[Any]]] = []

    def push(self, second: Window) -> SoundAhead | None:
        """Take a spatial window; return what can be computed now.

        Nothing for the last segment of a window: its estimate follows at once.
        """
        mel = feature(second, "mel")
        if mel is None:
            return None
        window, number = divmod(second.start_ns // NS, SCENARIO_WINDOW_S)
        if window != self._window:
            self._window, self._loudest, self._seconds = window, LoudestAhead(_SEGMENTS), []
        self._seconds = [*self._seconds[1 - SEGMENT_S :], (number, mel)]
        segment, place = divmod(number, SEGMENT_S)
        whole = [each for each, _ in self._seconds] == [*range(number - place, number + 1)]
        if place < SEGMENT_S - 1 or not whole or segment == _SEGMENTS - 1:
            return None
        return self._loudest.push(segment, np.concatenate([part for _, part in self._seconds]))
