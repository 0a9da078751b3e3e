"""Places the motion of one slice on the sample grid, once all of it has arrived.

The time stamps of frames have jitter, so adjacent frames may claim the same position of the sample
grid, or leave a gap of one, although every row was sent. Here the rows keep the order of their
times and move by at most one position, so that each has its own. The result does not depend on the
order in which frames arrived.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from schemas.frames import NS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operators.grid import Grid

# Time stamps that are off by less than half a period are rounded to an adjacent position.
_MAX_SHIFT = 1
# About a millisecond: stamps are whole nanoseconds, and the cutting into frames changes them by
# one. Values in this unit are near a rounding boundary only by chance, unlike stamps in ms.
_PHASE_NS = 1 << 20


@dataclass(frozen=True)
class LaidMotion:
    """A slice's rows on the sample grid.

    `values` is (n, channels) and `mask` (n,) marks the rows that arrived. `filled` counts these and
    the single gaps that jitter left between consecutive frames, where no row is missing. `overlaps`
    rows had no free position. `phase_s` is the mean delay of the rows after their positions.
    """

    values: NDArray[Any]
    mask: NDArray[np.bool_]
    filled: int
    overlaps: int
    phase_s: float


class _Piece(NamedTuple):
    """Rows of one frame in order of time: the first at `t_ns`, at position `number` of the grid."""

    t_ns: int
    seq: int
    number: int
    rows: NDArray[Any]


class MotionSlice:
    """The rows of one slice, by frame; `first` is the number of its first position."""

    __slots__ = ("_grid", "_length", "_pieces", "first")

    def __init__(self, grid: Grid, start_ns: int, end_ns: int) -> None:
        self.first = grid.number(start_ns)
        self._length = grid.number(end_ns) - self.first
        self._grid = grid
        self._pieces: list[_Piece] = []

    def __len__(self) -> int:
        return self._length

    def add(self, number: int, t_ns: int, seq: int, rows: NDArray[Any]) -> None:
        """Add consecutive rows (n, channels) of frame `seq`, all of them in this slice.

        The first was sampled at `t_ns`, and `number` is the position nearest to it.
        """
        self._pieces.append(_Piece(t_ns, seq, number, rows))

    def lay(self) -> LaidMotion:
        """Return the rows, each at its own position; needs at least one row."""
        pieces = sorted(self._pieces, key=lambda piece: (piece.t_ns, piece.seq))
        if self._is_whole(pieces):
            return self._as_it_came(pieces)
        rows = np.concatenate([piece.rows for piece in pieces])
        sizes = [len(piece.rows) for piece in pieces]
        steps = np.concatenate([np.arange(size) for size in sizes])
        times = np.repeat([piece.t_ns for piece in pieces], sizes) + self._grid.lasts_ns(steps)
        wanted = np.repeat([piece.number - self.first for piece in pieces], sizes) + steps
        numbers = np.repeat([piece.seq for piece in pieces], sizes)
        # A row that is not later than all before it was sent twice.
        new = np.append(True, times[1:] > np.maximum.accumulate(times)[:-1])
        places = _spread(wanted[new], self._length)
        placed = places >= 0
        places = places[placed]
        values = np.zeros((self._length, rows.shape[1]), dtype=rows.dtype)
        mask = np.zeros(self._length, dtype=bool)
        values[places] = rows[new][placed]
        mask[places] = True
        left_free = (np.diff(places) == 2) & (np.diff(numbers[new][placed]) <= 1)
        on_grid = self._grid.time_ns(self.first) + self._grid.lasts_ns(places)
        return LaidMotion(
            values,
            mask,
            filled=len(places) + int(left_free.sum()),
            overlaps=len(rows) - len(places),
            phase_s=_phase_s(float((times[new][placed] - on_grid).mean())),
        )

    def _is_whole(self, pieces: list[_Piece]) -> bool:
        """Return whether the rows claim all positions, one each, in the order of their times."""
        place, after_ns = self.first, -1
        for piece in pieces:
            if piece.number != place or piece.t_ns <= after_ns:
                return False
            place += len(piece.rows)
            after_ns = piece.t_ns + self._grid.lasts_ns(len(piece.rows) - 1)
        return place == self.first + self._length

    def _as_it_came(self, pieces: list[_Piece]) -> LaidMotion:
        """Return rows that each claim their own position, as with most devices."""
        grid, length = self._grid, self._length
        # Sums of whole numbers below 2**53: their mean is that of an array of all rows, bit by bit.
        came_ns = sum(
            len(piece.rows) * piece.t_ns + _sum_lasts_ns(grid, len(piece.rows)) for piece in pieces
        )
        on_grid_ns = length * grid.time_ns(self.first) + _sum_lasts_ns(grid, length)
        return LaidMotion(
            _joined([piece.rows for piece in pieces]),
            np.ones(length, dtype=bool),
            filled=length,
            overlaps=0,
            phase_s=_phase_s((came_ns - on_grid_ns) / length),
        )


@lru_cache(maxsize=1_024)
def _sum_lasts_ns(grid: Grid, count: int) -> int:
    """Return the sum of the times of the first `count` rows after the first of them, ns."""
    return int(grid.lasts_ns(np.arange(count)).sum())


def _phase_s(mean_ns: float) -> float:
    """Return the mean delay of a row after its position, s."""
    return round(mean_ns / _PHASE_NS) * _PHASE_NS / NS


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _spread(wanted: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Return increasing positions (k,) in [0, length) near the `wanted`, non-decreasing ones.

    If two rows want the same position, the earlier one moves if it can. A row without a free
    position within reach has -1.
    """
    if (np.diff(wanted) > 0).all():
        return wanted
    earliest = np.full(len(wanted), -1, dtype=np.int64)
    taken = -1
    for row, place in enumerate(wanted.tolist()):
        first = max(taken + 1, place - _MAX_SHIFT)
        if first <= min(place + _MAX_SHIFT, length - 1):
            earliest[row] = taken = first
    places = earliest.copy()
    limit = length
    for row in range(len(wanted) - 1, -1, -1):
        if earliest[row] >= 0:
            limit = max(int(earliest[row]), min(int(wanted[row]), limit - 1))
            places[row] = limit
    return places
