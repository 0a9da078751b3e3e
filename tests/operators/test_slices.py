from __future__ import annotations

import numpy as np
import pytest

from operators.grid import Grid
from operators.slices import SliceBuffer
from schemas.frames import NS

GRID = Grid.of(10.0)


def buffer() -> SliceBuffer:
    """The samples 20 to 29 of a stream of two channels."""
    return SliceBuffer(GRID, 2 * NS, 3 * NS, np.zeros((1, 2), dtype=np.int16))


def samples(*values: int) -> np.ndarray:
    return np.array([[value, -value] for value in values], dtype=np.int16)


def test_it_begins_empty_in_the_streams_own_type() -> None:
    empty = buffer()
    assert (empty.first, len(empty), empty.filled) == (20, 10, 0)
    assert empty.values.dtype == np.int16
    assert empty.values.shape == (10, 2)
    assert not empty.values.any()
    assert empty.mask.dtype == bool
    assert not empty.mask.any()


def test_samples_lie_at_their_numbers() -> None:
    slice_ = buffer()
    assert slice_.place(23, samples(1, 2, 3)) == 3
    assert slice_.filled == 3
    assert slice_.values[:, 0].tolist() == [0, 0, 0, 1, 2, 3, 0, 0, 0, 0]
    assert slice_.values[:, 1].tolist() == [0, 0, 0, -1, -2, -3, 0, 0, 0, 0]
    assert np.flatnonzero(slice_.mask).tolist() == [3, 4, 5]


@pytest.mark.parametrize(
    ("number", "placed", "values"),
    [
        (17, 0, []),
        (18, 1, [3]),
        (20, 3, [1, 2, 3]),
        (28, 2, [1, 2]),
        (29, 1, [1]),
        (30, 0, []),
    ],
)
def test_only_the_part_inside_is_placed(number: int, placed: int, values: list[int]) -> None:
    slice_ = buffer()
    assert slice_.place(number, samples(1, 2, 3)) == placed
    assert slice_.values[slice_.mask, 0].tolist() == values
    assert slice_.filled == placed


def test_a_sample_already_there_is_not_overwritten_nor_counted() -> None:
    slice_ = buffer()
    slice_.place(22, samples(1, 2))
    assert slice_.place(21, samples(7, 8, 9, 10)) == 2
    assert slice_.values[:6, 0].tolist() == [0, 7, 1, 2, 10, 0]
    assert slice_.filled == 4
    assert slice_.place(21, samples(5, 5, 5, 5)) == 0
    assert slice_.filled == 4
