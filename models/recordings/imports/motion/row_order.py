"""Rows out of order, duplicated, or after a clock that was set back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.recordings.skipped_rows import SkippedRows

_DISORDER_S = 2.0  # rows that are later than this are not a late packet
_STEP_BACK_S = 0.5  # as many rows below the latest time are a clock set back, not stray rows
_MAX_OVERLAP = 0.25  # of the rows after a step back: more, and none of them can be placed
_FORWARD_S = 2.0
_DESCENDING = 0.9  # of the steps between rows, in files whose newest row is the first
_SHUFFLED = 0.05  # of the steps between rows go back where rows come in no order
_EVEN = (0.6, 1.6)  # steps of sorted rows, in medians
_MOSTLY_EVEN = 0.99


def in_order(
    times: NDArray[np.float64],
    values: NDArray[np.float64],
    lines: NDArray[np.int64],
    left_out: SkippedRows,
) -> tuple[NDArray[np.int64], list[str]]:
    """Return indices of the rows to keep, in the order of their times (n,), s, and warnings.

    Late packets are sorted, duplicate and stray rows dropped, and a file whose rows or parts come
    in another order than they were sampled in is sorted. Where the clock steps back, the longer
    part is kept, and the other as well if the two hardly overlap.
    """
    order = np.arange(len(times))
    warnings = []
    if len(times) > 2 and (np.diff(times) < 0).mean() > _DESCENDING:
        order = order[::-1]
        warnings.append("rows go from the latest to the earliest: read backwards")
    order = order[~_repeats(times, values, lines, left_out)[order]]
    if _merely_unsorted(times[order]):
        if (np.maximum.accumulate(times[order]) - times[order]).max() > _DISORDER_S:
            warnings.append("rows are not in the order of their times: sorted")
        return order[np.argsort(times[order], kind="stable")], warnings
    order = _without_outliers(times, order, lines, left_out)
    order, steps = _settle(times, order, lines, left_out)
    if not steps:
        return order, warnings
    order, step_warnings = _after_steps(times, order, steps, lines, left_out)
    return order, [*warnings, *step_warnings]


def _repeats(
    times: NDArray[np.float64],
    values: NDArray[np.float64],
    lines: NDArray[np.int64],
    left_out: SkippedRows,
) -> NDArray[np.bool_]:
    """Mark rows that repeat an earlier one; frequent equal time stamps alone are no evidence."""
    none = np.zeros(len(times), bool)
    order = np.lexsort((np.arange(len(times)), times))
    same = np.diff(times[order]) == 0
    if not same.any() or same.mean() > 0.2:
        # A file in which every row occurs twice has duplicates nevertheless.
        if not same.any() or not (0.45 < same.mean() < 0.55):
            return none
        equal = (values[order][1:] == values[order][:-1]).all(axis=1) & same
        if equal.sum() < 0.98 * same.sum():
            return none
    else:
        equal = (values[order][1:] == values[order][:-1]).all(axis=1) & same
    none[order[1:][equal]] = True
    for index in np.flatnonzero(none)[:1]:
        left_out.add("doubled", int(lines[index]), count=int(none.sum()))
    return none


def _merely_unsorted(t: NDArray[np.float64]) -> bool:
    """Return whether times (n,) s are those of one even recording once they are sorted.

    Those of a clock that stepped back are not: its parts overlap, or are apart from one another.
    """
    falls = np.flatnonzero(np.diff(t) < 0) + 1
    if not len(falls) or (np.diff(t) <= 0).all():
        return False
    steps = np.diff(np.sort(t))
    low, high = np.array(_EVEN) * np.median(steps)
    if ((steps >= low) & (steps <= high)).mean() < _MOSTLY_EVEN:
        return False
    far = np.concatenate([[True], steps > _FORWARD_S, [True]])
    if len(falls) > _SHUFFLED * len(t):
        return not (far[1:] & far[:-1]).any()  # no row is astray
    given = np.diff(t)
    jumps = np.flatnonzero(given > _EVEN[1] * np.median(given[given > 0])) + 1
    runs = np.split(t, np.union1d(falls, jumps))
    starts, ends = np.array([run[0] for run in runs]), np.array([run[-1] for run in runs])
    by_start = np.argsort(starts)
    apart = starts[by_start][1:] - ends[by_start][:-1]
    return bool((apart > 0).all() and (apart <= _FORWARD_S).all())


def _without_outliers(
    times: NDArray[np.float64],
    order: NDArray[np.int64],
    lines: NDArray[np.int64],
    left_out: SkippedRows,
) -> NDArray[np.int64]:
    """Drop single rows whose time is far from both neighbours."""
    if len(order) < 3:
        return order
    t = times[order]
    before, after = t[1:-1] - t[:-2], t[2:] - t[1:-1]
    stray = (before > _FORWARD_S) & (after < -_FORWARD_S) & (t[2:] >= t[:-2])
    stray |= (before < -_FORWARD_S) & (after > _FORWARD_S) & (t[2:] >= t[:-2])
    bad = np.zeros(len(t), bool)
    bad[1:-1] = stray
    for index in np.flatnonzero(bad):
        left_out.add("time out of order", int(lines[order[index]]), f"{t[index]:g} s")
    return order[~bad]


def _settle(
    times: NDArray[np.float64],
    order: NDArray[np.int64],
    lines: NDArray[np.int64],
    left_out: SkippedRows,
) -> tuple[NDArray[np.int64], list[int]]:
    """Sort late packets and drop stray rows; return the rows and where the clock steps back."""
    t = times[order]
    if len(t) < 2 or (np.diff(t) >= 0).all():
        return order, []
    rises = np.diff(t)
    period = float(np.median(rises[rises > 0])) if (rises > 0).any() else 1.0
    mean = _mean_step(t)
    keep = np.ones(len(t), bool)
    steps: list[int] = []
    start, index = 0, 1
    top = t[0]
    while index < len(t):
        if t[index] >= top:
            top = t[index]
            # Rows that rise are skipped in one go.
            falls = np.flatnonzero(t[index + 1 :] < t[index:-1])
            if not len(falls):
                break
            index += int(falls[0]) + 1
            top = t[index - 1]
            continue
        beyond = np.flatnonzero(t[index:] >= top)
        end = index + int(beyond[0]) if len(beyond) else len(t)
        low = float(t[index:end].min())
        earlier = np.arange(start, index)
        earlier = earlier[t[earlier] > low]
        depth = top - low
        rows = len(earlier) + end - index
        if depth <= _DISORDER_S and rows * mean <= 1.5 * depth + 2.5 * max(mean, period):
            begin = int(earlier[0]) if len(earlier) else index
            inner = np.argsort(t[begin:end], kind="stable") + begin
            t[begin:end] = t[inner]
            order[begin:end] = order[inner]
            index = end
        elif (end - index) * mean < _STEP_BACK_S and end < len(t):
            keep[index:end] = False
            for late in range(index, end):
                left_out.add("time out of order", int(lines[order[late]]), f"{t[late]:g} s")
            index = end
        else:
            steps.append(index)
            start, top = index, t[index]
            index += 1
    kept = np.cumsum(keep)
    return order[keep], [int(kept[step]) - 1 for step in steps]


def _mean_step(t: NDArray[np.float64]) -> float:
    """Return the mean step between rows, without steps back and gaps."""
    rises = np.diff(t)
    rises = rises[rises >= 0]
    if not len(rises):
        return 1e-3
    return float(np.mean(rises[rises <= max(1.0, 10 * float(np.median(rises)))])) or 1e-3


def _after_steps(
    times: NDArray[np.float64],
    order: NDArray[np.int64],
    steps: list[int],
    lines: NDArray[np.int64],
    left_out: SkippedRows,
) -> tuple[NDArray[np.int64], list[str]]:
    runs = np.split(order, steps)
    base = max(range(len(runs)), key=lambda i: (len(runs[i]), -i))
    kept: dict[int, NDArray[np.int64]] = {base: runs[base]}
    top, low = times[runs[base]].max(), times[runs[base]].min()
    warnings = []
    for number, run in enumerate(runs):
        if number:
            warnings.append(
                f"line {lines[run[0]]}: the clock steps back from "
                f"{times[runs[number - 1]].max():.2f} s to {times[run[0]]:.2f} s"
            )
    for number in [*range(base + 1, len(runs)), *range(base - 1, -1, -1)]:
        run = runs[number]
        clear = times[run] > top if number > base else times[run] < low
        if clear.sum() < (1 - _MAX_OVERLAP) * len(run):
            clear = np.zeros(len(run), bool)
        if clear.any():
            kept[number] = run[clear]
            top, low = max(top, times[run[clear]].max()), min(low, times[run[clear]].min())
        if not clear.all():
            gone = run[~clear]
            left_out.add("clock stepped back", int(lines[gone[0]]), count=len(gone))
            warnings.append(
                f"lines {lines[gone[0]]} to {lines[gone[-1]]}: left out, for their times are "
                "taken by other rows"
            )
    return np.concatenate([kept[number] for number in sorted(kept)]), warnings
