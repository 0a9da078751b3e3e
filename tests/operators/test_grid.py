from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from operators.grid import Grid
from schemas.frames import NS

EPOCH_NS = 1_772_438_400 * NS


def test_a_rate_is_kept_in_whole_millihertz() -> None:
    assert Grid.of(50.0) == Grid(50_000)
    assert Grid.of(52.0834) == Grid(52_083)
    assert Grid.of(52.0836) == Grid(52_084)


@pytest.mark.parametrize(
    ("t_ns", "number"), [(0, 0), (9_999_999, 0), (10_000_000, 1), (20_000_000, 1), (NS, 50)]
)
def test_a_moment_has_the_nearest_samples_number(t_ns: int, number: int) -> None:
    assert Grid.of(50.0).number(t_ns) == number


def test_a_samples_time_is_rounded_down() -> None:
    grid = Grid.of(3.0)
    assert [grid.time_ns(n) for n in range(4)] == [0, 333_333_333, 666_666_666, NS]


def test_nothing_drifts_since_the_epoch() -> None:
    grid = Grid.of(44_100.0)
    assert grid.number(EPOCH_NS) == 1_772_438_400 * 44_100
    assert grid.time_ns(1_772_438_400 * 44_100) == EPOCH_NS


def test_samples_last_whole_nanoseconds_rounded_down() -> None:
    assert Grid.of(3.0).lasts_ns(2) == 666_666_666
    assert Grid.of(3.0).lasts_ns(np.array([0, 1, 3])).tolist() == [0, 333_333_333, NS]


def test_a_fractional_rate_begins_a_second_at_another_moment_each_time() -> None:
    grid = Grid.of(33.333)
    for second in range(3):
        start_ns = EPOCH_NS + second * NS
        first = grid.number(start_ns)
        exact = (Fraction(first * 1_000, 33_333) * NS - start_ns) / NS
        assert grid.after_s(first, start_ns) == float(exact)
        assert abs(exact) <= Fraction(500, 33_333)
    assert Grid.of(50.0).after_s(50 * 1_772_438_400, EPOCH_NS) == 0.0
