"""The positions of a session's device from its frames, in event time.

A frame's position is valid from the frame's own time on. Windows are cut once all frames before
their end have arrived, so the position at a window's end does not depend on which stream was read
first.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.position import Position


class DeclaredPositions:
    """The positions from the frames of one session, by time."""

    def __init__(self) -> None:
        self._positions: list[tuple[int, Position]] = []

    def declare(self, t_ns: int, position: Position) -> None:
        """Add a frame's position; of two at the same time the alphabetically last is valid."""
        declared = (t_ns, position)
        place = bisect_left(self._positions, declared)
        if self._positions[place : place + 1] != [declared]:
            self._positions.insert(place, declared)

    def by(self, end_ns: int) -> Position | None:
        """Return the position just before `end_ns`, None if no frame had one by then."""
        place = bisect_left(self._positions, (end_ns,))
        return self._positions[place - 1][1] if place else None

    def forget_before(self, end_ns: int) -> None:
        """Drop positions that are outdated at `end_ns`, once all windows before it are emitted."""
        del self._positions[: max(bisect_left(self._positions, (end_ns,)) - 1, 0)]

    def snapshot(self) -> list[tuple[int, Position]]:
        """Return the state for `restore`: the position after all emitted windows.

        Later frames are read again after a crash.
        """
        return self._positions[:1]

    @classmethod
    def restore(cls, declared: Iterable[tuple[int, Position]] = ()) -> DeclaredPositions:
        """Return the positions of a snapshot."""
        positions = cls()
        for t_ns, position in declared:
            positions.declare(t_ns, position)
        return positions
