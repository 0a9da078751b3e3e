from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest

from operators.grid import Grid
from operators.motion_slice import LaidMotion, MotionSlice
from schemas.frames import NS

PERIOD_NS = NS // 10
Frame = tuple[float, int, list[int]]  # first place (fractional: the stamp is off), seq, values


def lay(*frames: Frame) -> LaidMotion:
    """Lay frames in the slice of the places 20 to 29."""
    grid = Grid.of(10.0)
    motion = MotionSlice(grid, 2 * NS, 3 * NS)
    assert (motion.first, len(motion)) == (20, 10)
    for place, seq, values in frames:
        t_ns = round(place * PERIOD_NS)
        motion.add(grid.number(t_ns), t_ns, seq, np.array([[v, -v] for v in values], np.float32))
    return motion.lay()


def row(laid: LaidMotion) -> list[int]:
    """Return the values by place, 0 where none is; the second column is their negative."""
    np.testing.assert_array_equal(laid.values[:, 0], -laid.values[:, 1])
    assert laid.values.dtype == np.float32
    np.testing.assert_array_equal(laid.mask, laid.values[:, 0] != 0)
    return [int(value) for value in laid.values[:, 0]]


def test_rows_lie_in_their_places() -> None:
    laid = lay((20, 0, [1, 2, 3]), (27, 2, [4, 5]))
    assert row(laid) == [1, 2, 3, 0, 0, 0, 0, 4, 5, 0]
    assert (laid.filled, laid.overlaps) == (5, 0)


def test_rows_that_claim_one_place_move_apart_where_a_place_is_free() -> None:
    # Late: the place before it is free, and the frame after it claims its last one.
    late = lay((20, 0, [1, 2, 3]), (23.6, 1, [4, 5, 6]), (26, 2, [7, 8, 9, 10]))
    assert row(late) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert (late.filled, late.overlaps) == (10, 0)
    early = lay((20, 0, [1, 2, 3]), (22.4, 1, [4, 5, 6]), (26, 2, [7, 8, 9, 10]))
    assert row(early) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]


def test_a_row_stays_as_near_to_its_place_as_the_others_let_it() -> None:
    laid = lay((20, 0, [1]), (23, 1, [2, 3]), (24.4, 2, [4]), (28, 4, [5]))
    assert row(laid) == [1, 0, 2, 3, 4, 0, 0, 0, 5, 0]
    laid = lay((25, 0, [1, 2, 3]), (27.4, 1, [4]), (28, 2, [5, 6]))
    assert row(laid) == [0, 0, 0, 0, 1, 2, 3, 4, 5, 6]


def test_a_row_that_no_place_is_left_for_is_an_overlap() -> None:
    laid = lay((20, 0, [1, 2, 3, 4, 5]), (24.4, 1, [6, 7, 8, 9, 10, 11]))
    assert row(laid) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert (laid.filled, laid.overlaps) == (10, 1)
    # Three claims on one place: nobody moves by more than one.
    laid = lay((24.6, 0, [1]), (24.9, 1, [2]), (25.1, 2, [3]), (25.4, 3, [4]))
    assert row(laid) == [0, 0, 0, 0, 1, 2, 3, 0, 0, 0]
    assert laid.overlaps == 1


def test_what_was_sent_twice_counts_once() -> None:
    whole = (20, 0, [1, 2, 3, 4, 5])
    again = lay(whole, (20, 7, [6, 7, 8, 9, 10]))
    assert row(again) == [1, 2, 3, 4, 5, 0, 0, 0, 0, 0]
    assert (again.filled, again.overlaps) == (5, 5)
    more = lay(whole, (23, 1, [6, 7, 8, 9]))
    assert row(more) == [1, 2, 3, 4, 5, 8, 9, 0, 0, 0]
    assert more.overlaps == 2
    inside = lay(whole, (21.2, 1, [6, 7]), (25, 2, [8]))
    assert row(inside) == [1, 2, 3, 4, 5, 8, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("place", "seq", "filled"), [(24, 1, 10), (24, 2, 9), (25, 1, 8), (23, 2, 10)]
)
def test_a_place_between_frames_of_consecutive_numbers_is_no_gap(
    place: int, seq: int, filled: int
) -> None:
    laid = lay((20, 0, [1, 2, 3]), (place, seq, list(range(4, 34 - place))))
    assert laid.filled == filled
    assert laid.mask.sum() == 33 - place


def test_the_order_of_arrival_changes_nothing() -> None:
    frames: list[Frame] = [
        (20, 0, [1, 2, 3]),
        (22.4, 1, [4, 5, 6]),
        (24, 2, [7, 8]),
        (26.6, 3, [9]),
    ]
    laid = [lay(*order) for order in permutations(frames)]
    assert {tuple(row(each)) for each in laid} == {tuple(row(laid[0]))}
    assert {(each.filled, each.overlaps) for each in laid} == {(laid[0].filled, laid[0].overlaps)}


@pytest.mark.parametrize(
    ("frames", "periods"),
    [
        ([(20, 0, [1, 2, 3])], 0.0),
        ([(20.3, 0, [1, 2, 3]), (23.3, 1, [4])], 0.3),
        ([(19.6, 0, [1, 2, 3])], -0.4),
        ([(20.1, 0, [1, 2, 3]), (23.3, 1, [4, 5, 6])], 0.2),
        ([(20, 0, [1, 2, 3]), (23.6, 1, [4]), (24, 2, [5])], 0.12),
    ],
)
def test_it_says_how_long_after_their_places_rows_were_taken(
    frames: list[Frame], periods: float
) -> None:
    assert lay(*frames).phase_s == pytest.approx(periods / 10, abs=0.0006)


def test_a_nanosecond_of_rounding_does_not_change_the_phase() -> None:
    assert {lay((20 + off, 0, [1, 2, 3])).phase_s for off in (0, 1e-8, -1e-8)} == {0.0}
    phases = {lay((20.3 + off, 0, [1, 2, 3])).phase_s for off in (0, 1e-8, -1e-8)}
    assert len(phases) == 1


def test_a_slice_that_is_whole_is_as_it_came() -> None:
    whole = lay((20, 0, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))
    parts = lay((24.2, 1, [5, 6, 7, 8, 9, 10]), (20.2, 0, [1, 2, 3, 4]))
    assert row(whole) == row(parts) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert (whole.filled, whole.overlaps, whole.phase_s) == (10, 0, 0.0)
    assert (parts.filled, parts.overlaps) == (10, 0)
    assert parts.phase_s == pytest.approx(0.02, abs=0.0006)


def test_rows_of_a_full_slice_that_were_taken_twice_are_an_overlap() -> None:
    laid = lay((20, 0, [1, 2, 3, 4, 5]), (24.6, 1, [6, 7, 8, 9, 10]), (24.6, 2, [6, 7, 8, 9, 10]))
    assert row(laid) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert (laid.filled, laid.overlaps) == (10, 5)


@pytest.mark.parametrize("rate", [10.0, 52.083, 59.7, 208.0, 800.0])
def test_the_phase_of_a_whole_slice_is_the_mean_over_its_rows(rate: float) -> None:
    grid = Grid.of(rate)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        motion = MotionSlice(grid, 7 * NS, 8 * NS)
        length, after_ns = len(motion), 0
        cuts = [0, *sorted(rng.choice(np.arange(1, length), 2, replace=False).tolist()), length]
        late_ns = []
        for seq, (begin, end) in enumerate(pairwise(cuts)):
            on_grid_ns = grid.time_ns(motion.first + begin)
            t_ns = max(on_grid_ns + int(rng.integers(0, round(0.4 * NS / rate))), after_ns + 1)
            number, rows = grid.number(t_ns), np.ones((end - begin, 2), np.float32)
            assert number == motion.first + begin
            motion.add(number, t_ns, seq, rows)
            times_ns = [t_ns + grid.lasts_ns(row) for row in range(end - begin)]
            after_ns = times_ns[-1]
            places_ns = grid.time_ns(motion.first) + grid.lasts_ns(np.arange(begin, end))
            late_ns += list(np.array(times_ns) - places_ns)
        laid = motion.lay()
        assert (laid.filled, laid.overlaps) == (length, 0)
        unit_ns = 1 << 20
        assert laid.phase_s == round(float(np.mean(late_ns)) / unit_ns) * unit_ns / NS
