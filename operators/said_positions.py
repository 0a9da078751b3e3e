"""Where a session's device was worn, as its frames said, in event time.

A frame's position holds from the frame's own time on. Windows are cut once all frames before their
end have arrived, so what holds at a window's end does not depend on which stream was read first.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.position import Position


class SaidPositions:
    """The positions that the frames of one session named, by time."""

    def __init__(self) -> None:
        self._said: list[tuple[int, Position]] = []

    def say(self, t_ns: int, position: Position) -> None:
        """Take a frame's position; of two at the same time the alphabetically last holds."""
        said = (t_ns, position)
        place = bisect_left(self._said, said)
        if self._said[place : place + 1] != [said]:
            self._said.insert(place, said)

    def by(self, end_ns: int) -> Position | None:
        """Return what holds just before `end_ns`, None if no frame had named a position by then."""
        place = bisect_left(self._said, (end_ns,))
        return self._said[place - 1][1] if place else None

    def forget_before(self, end_ns: int) -> None:
        """Drop what no longer holds at `end_ns`, once all windows before it are out."""
        del self._said[: max(bisect_left(self._said, (end_ns,)) - 1, 0)]

    def snapshot(self) -> list[tuple[int, Position]]:
        """Return what `restore` reads: what holds once all windows that ended are out.

        Frames that say more are read again after a crash.
        """
        return self._said[:1]

    @classmethod
    def restore(cls, said: Iterable[tuple[int, Position]] = ()) -> SaidPositions:
        """Return what was kept."""
        positions = cls()
        for t_ns, position in said:
            positions.say(t_ns, position)
        return positions
