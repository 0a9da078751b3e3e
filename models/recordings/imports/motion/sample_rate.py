"""The sampling rate of a recording, from all of its time stamps, and its gaps.

Time stamps are those of the phone, not of the sensor: they come in bursts, late, rounded or with
jitter. Row i of a segment was sampled at `o + i·p`; `t_i - i·p`, the lateness, is bounded as long
as no row is lost, and increases permanently at a gap. So a gap is a step in the lower envelope of
the lateness, whatever the individual steps between time stamps are. Stamps that are rounded to more
than a period (dates of whole seconds) move that envelope by themselves: where rounding alone
explains them, nothing is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import minimum_filter1d

from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATES_HZ = (10.0, 800.0)

_HOLE = 0.75  # periods by which the lower envelope of the lateness moves
_LONG_GAP_S = 1.0
_LASTING_S = 0.9
_FEW_GAPS = 4
_WINDOW_S = 1.0
_NEAR = 0.35  # steps within this of the median are regular
_WANDER = 1.0  # periods by which the true time may deviate from an even grid
_MIN_WANDER_S = 0.01
_ROUNDED_TO_S = (1.0, 0.1, 0.01)
_COARSE = 0.7  # periods from which on rounding hides where rows are


@dataclass(frozen=True)
class Timing:
    """Rows [first, last) are one segment from `start_s` on; `even` corrects a drifting rate."""

    first: int
    last: int
    start_s: float
    wanders: bool


def rate_and_stretches(times: NDArray[np.float64]) -> tuple[float, list[Timing]]:
    """Return the rate, Hz, and the segments of times (n,) in s, which must not decrease.

    Raises `RecordingError` outside `RATES_HZ`, or if the time stamps have no rate.
    """
    if len(times) < 2:
        raise RecordingError(f"holds {len(times)} usable rows; expected at least 2")
    if times[-1] <= times[0]:
        raise RecordingError("all rows have the same time")
    guess = period = _first_guess(times)
    rounded = _rounded(times, guess)
    if rounded is not None:
        period, borders = rounded
        return _checked(times, borders, period)
    # An estimate biased by lost rows hides gaps, so the first passes use a smaller threshold.
    for hole in (0.5, 0.5, 0.5, _HOLE, _HOLE):
        borders = _borders(times, period, hole)
        period = float(np.clip(_fit_period(times, borders, period), 0.7 * guess, 1.4 * guess))
    return _checked(times, borders, period)


def _checked(
    times: NDArray[np.float64], borders: NDArray[np.int64], period: float
) -> tuple[float, list[Timing]]:
    rate = _whole_rate(times, borders, period)
    low, high = RATES_HZ
    if not low <= rate <= high:
        raise RecordingError(f"rate is {rate:g} Hz; expected {low:g} to {high:g}")
    return rate, _stretches(times, borders, rate)


def typical_step_s(times: NDArray[np.float64]) -> float | None:
    """Return about how far apart rows were sampled, s, of times (n,) that must not decrease.

    Stamps of a burst and those of whole seconds lie nearer together, or on one another. None where
    all of them do.
    """
    if len(times) < 2 or times[-1] <= times[0]:
        return None
    return _first_guess(times)


def even(
    times: NDArray[np.float64], values: NDArray[np.float64], timing: Timing, rate: float
) -> NDArray[np.float64]:
    """Return (m, columns) of one segment on its even grid, starting at `timing.start_s`.

    They are the rows themselves, unless the true rate drifts so far that these would be misplaced;
    then they are interpolated.
    """
    rows = slice(timing.first, timing.last)
    if not timing.wanders:
        return values[rows]
    made = _creation(times[rows], 1 / rate)
    if (made[-1] - made[0]) * rate > 4 * len(made):
        raise RecordingError("its times and its rate do not fit together")
    grid = np.arange(made[0], made[-1] + 0.5 / rate, 1 / rate)
    return np.stack([np.interp(grid, made, column) for column in values[rows].T], axis=1)


def _first_guess(times: NDArray[np.float64]) -> float:
    steps = np.diff(times)
    runs = _runs(steps, _LONG_GAP_S)
    lasting = [(a, b) for a, b in runs if b - a >= 10 and times[b - 1] - times[a] >= _LASTING_S]
    if len(runs) > _FEW_GAPS and sum(b - a for a, b in lasting) < 0.5 * len(times):
        lasting = [(0, len(times))]  # bursts with long pauses between
    elif not lasting:
        lasting = [run for run in runs if run[1] - run[0] >= 2] or [(0, len(times))]
    counted = _mean_step(times, lasting)
    if counted * RATES_HZ[1] < 0.98:
        counted = _mean_step(times, [(0, len(times))])
    median = float(np.median(steps))
    if median <= 0:
        return float(counted)
    near = np.abs(steps / median - 1) <= _NEAR
    typical = float(steps[near].mean())
    if near.mean() >= 0.88 and typical >= 0.97 * counted:
        return typical
    return typical if _rows_are_lost(steps, near, typical) else float(counted)


def _rounded(times: NDArray[np.float64], guess: float) -> tuple[float, NDArray[np.int64]] | None:
    """Return the period and the borders of even rows whose times are rounded, or None.

    The first row of each stamp was sampled within a period of it, so these rows tell the period.
    """
    unit = next((unit for unit in _ROUNDED_TO_S if _is_rounded(times, unit)), 0.0)
    if unit < _COARSE * guess or _skips_rows(times, unit):
        return None
    holes = np.flatnonzero(np.diff(times) > unit + 1.5 * guess) + 1
    borders = np.array([0, *holes.tolist(), len(times)])
    # The first stamp of a segment may have begun before its first row.
    starts = np.setdiff1d(np.flatnonzero(np.diff(times) > 0) + 1, holes)
    which = np.searchsorted(borders, starts, side="right") - 1
    number = np.maximum(np.bincount(which, minlength=len(borders) - 1), 1)
    rows = starts - (np.bincount(which, starts, len(borders) - 1) / number)[which]
    if not rows @ rows:
        return None
    period = float(rows @ times[starts]) / float(rows @ rows)
    late = times - np.arange(len(times)) * period
    highest, lowest = (part.reduceat(late, borders[:-1]) for part in (np.maximum, np.minimum))
    if period <= 0 or float((highest - lowest).max()) > unit + _HOLE * period:
        return None
    return period, borders


def _skips_rows(times: NDArray[np.float64], unit: float) -> bool:
    """Return whether stamps that are all different skip some irregularly: these rows were lost.

    Rounding skips one after about the same number of rows each time, or gives one to two rows.
    """
    steps = np.diff(times)
    if (steps < 0.5 * unit).any():
        return False
    skipped = np.flatnonzero(steps > 1.5 * unit)
    runs = np.diff(skipped)
    return len(runs) < 2 or float(runs.std()) >= 0.4 * float(runs.mean())


def _is_rounded(times: NDArray[np.float64], unit: float) -> bool:
    counts = times / unit
    return bool(np.abs(counts - np.round(counts)).max() < 1e-3)


def _mean_step(times: NDArray[np.float64], runs: list[tuple[int, int]]) -> float:
    """Return the mean step, from the start of one burst to that of another."""
    lasts, rows = 0.0, 0
    for a, b in runs:
        part = times[a:b]
        mean = float(part[-1] - part[0]) / (len(part) - 1)
        starts = np.flatnonzero(np.diff(part) > 1.5 * mean) + 1
        first, last = (int(starts[0]), int(starts[-1])) if len(starts) > 2 else (0, len(part) - 1)
        lasts += float(part[last] - part[first])
        rows += last - first
    return lasts / rows


def _rows_are_lost(steps: NDArray[np.float64], near: NDArray[np.bool_], typical: float) -> bool:
    """Return whether single rows were lost; bursts and rounding also leave regular steps and gaps.

    Where rows are lost, gaps are whole numbers of steps and occur at random; those between bursts
    and of rounded time stamps occur after about the same number of rows each time.
    """
    if near.mean() < 0.5:
        return False
    gaps = np.flatnonzero(steps > 1.5 * typical)
    if len(gaps) < 3:
        return bool(near.mean() >= 0.88)
    runs = np.diff(gaps)
    if float(runs.std()) < 0.4 * float(runs.mean()):
        return False
    sizes = steps[gaps] / typical
    whole = float((np.abs(sizes - np.round(sizes)) < 0.2).mean())
    single = sizes[sizes < 2.5]
    return whole > 0.6 or (len(single) > 0.5 * len(sizes) and 1.85 < float(single.mean()) < 2.15)


def _runs(steps: NDArray[np.float64], gap: float) -> list[tuple[int, int]]:
    holes = np.flatnonzero(steps > gap) + 1
    return list(pairwise([0, *holes.tolist(), len(steps) + 1]))


def _borders(times: NDArray[np.float64], period: float, hole: float) -> NDArray[np.int64]:
    """Return the first rows of the segments, and the number of rows."""
    count = len(times)
    late = times - np.arange(count) * period
    window = _window(period)
    # Smallest lateness of the next, and of the last, `window` rows.
    ahead = minimum_filter1d(late, window, origin=-(window // 2), mode="nearest")
    behind = minimum_filter1d(late, window, origin=(window - 1) // 2, mode="nearest")
    gaps = np.flatnonzero(
        (np.diff(times) > 1.2 * period) & (ahead[1:] - behind[:-1] > hole * period)
    )
    # The last rows may all be late, by as much as others are.
    usual = float(np.percentile(late - ahead, 90))
    borders = [0]
    for gap in gaps.tolist():
        start = max(borders[-1], gap + 1 - window)
        step = late[gap + 1 : gap + 1 + window].min() - late[start : gap + 1].min()
        least = hole * period + (usual if count - gap <= window else 0.0)
        if step > least:
            borders.append(gap + 1)
    return np.array([*borders, count])


def _window(period: float) -> int:
    """Return the number of rows in a second, at least 32, so that one of them is early."""
    return int(np.clip(np.ceil(_WINDOW_S / period), 32, 2 * RATES_HZ[1]))


def _fit_period(times: NDArray[np.float64], borders: NDArray[np.int64], period: float) -> float:
    """Return the period that fits all segments best, without their latest rows."""
    sizes = np.diff(borders)
    which = np.repeat(np.arange(len(sizes)), sizes)
    rows = np.arange(len(times)) - np.repeat(borders[:-1], sizes)
    good = np.repeat(sizes >= 3, sizes)
    # The first rows of bursts are spaced as the bursts are; the rows in between are less accurate.
    starts = np.append(True, np.diff(times) > 1.5 * period)
    if float(np.median(np.diff(times))) < 0.8 * period and starts.sum() > max(8, 2 * len(sizes)):
        good &= starts
    if not good.any():
        return period
    for _ in range(2):
        number = np.maximum(np.bincount(which[good], minlength=len(sizes)), 1)
        row_mean = np.bincount(which[good], rows[good], len(sizes)) / number
        shifted = times - times[borders[:-1]][which]
        time_mean = np.bincount(which[good], shifted[good], len(sizes)) / number
        x, y = rows - row_mean[which], shifted - time_mean[which]
        power = float(x[good] @ x[good])
        if power <= 0:
            return period
        period = float(x[good] @ y[good]) / power
        rest = np.abs(y - period * x)
        good &= rest <= 6 * float(np.median(rest[good])) + period
    return period


def _whole_rate(times: NDArray[np.float64], borders: NDArray[np.int64], period: float) -> float:
    """Return the rate in whole Hz if the time stamps cannot distinguish it from the estimate."""
    rate = 1 / period
    lasts = float(times[-1] - times[0])
    longest = int(np.argmax(np.diff(borders)))
    a, b = int(borders[longest]), int(borders[longest + 1])
    rest = times[a:b] - np.arange(b - a) * period
    error = float(np.std(rest)) * np.sqrt(12 / (b - a)) / max(float(times[b - 1] - times[a]), 1e-9)
    # Nor does a difference of less than a tenth of a period over the whole recording matter.
    slack = max(1e-5, min(5 * float(error), 0.002), min(0.002, 0.1 * period) / lasts)
    if abs(rate - round(rate)) < slack * rate:
        return float(round(rate))
    # Event times are computed with thousandths of a hertz.
    return round(rate, 3)


def _stretches(times: NDArray[np.float64], borders: NDArray[np.int64], rate: float) -> list[Timing]:
    period = 1 / rate
    timings: list[Timing] = []
    end = float(times[0])
    for first, last in pairwise(borders.tolist()):
        part = times[first:last]
        late = part - np.arange(last - first) * period
        regular = float(np.ptp(late)) <= 0.2 * period
        start = float(part[0]) if regular else float(np.median(late))
        wanders = _wanders(part, period)
        if wanders:
            start = float(_creation(part, period)[0])
        start = max(start, end)
        if not wanders and abs(start - float(part[0])) < 1e-6:
            start = float(part[0])
        timings.append(Timing(first, last, start, wanders))
        end = start + (last - first) * period
        if wanders:
            end = max(float(part[-1]), start)
    return timings


def _creation(part: NDArray[np.float64], period: float) -> NDArray[np.float64]:
    """Return the sampling times under a drifting rate: the smoothed lateness."""
    middles, smooth = _smooth_lateness(part, period)
    rows = np.arange(len(part))
    made = rows * period + np.interp(rows, middles, smooth)
    return np.maximum.accumulate(made)


def _smooth_lateness(
    part: NDArray[np.float64], period: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    late = part - np.arange(len(part)) * period
    longest = float(np.diff(part).max()) if len(part) > 1 else period
    size = int(np.ceil(max(_WINDOW_S, 4 * longest) / period))
    borders = np.arange(0, len(part), size)
    if len(borders) > 1 and len(part) - borders[-1] < size / 2:
        borders = borders[:-1]
    ends = np.append(borders[1:], len(part))
    middles = (borders + ends - 1) / 2
    smooth = np.array([np.median(late[a:b]) for a, b in zip(borders, ends, strict=True)])
    return middles, smooth


def _wanders(part: NDArray[np.float64], period: float) -> bool:
    _, smooth = _smooth_lateness(part, period)
    late = part - np.arange(len(part)) * period
    window = _window(period)
    ahead = minimum_filter1d(late, window, origin=-(window // 2), mode="nearest")
    usual = float(np.percentile(late - ahead, 90))
    away = float(np.abs(smooth - np.median(smooth)).max())
    return away > max(_WANDER * period, _MIN_WANDER_S) + usual
