"""Sampling times from two clocks: the sensor's own, and that of the rows' arrival.

A watch's clock stops while it sleeps, and its rows arrive in batches; the arrival times include
the sleep but not the spacing of the rows. So the spacing is taken from the sensor's clock, and a
pause between arrivals that is longer than a batch is a sleep.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.recordings.imports.motion.sensor_file import SensorFile

SLEEP_S = 5.0  # batches of HHAR's watches arrive up to 4 s apart
_FASTEST = 1.02  # a column that advances faster than the arrival by more is not a clock
_SLOWEST = 0.8  # of the time awake; batches under way count as such
_STEPS_S = (1 / 900, 0.11)


@dataclass(frozen=True)
class Sleeps:
    """The sensor's clock stopped at `made_s` (n,), ascending, for `slept_s` (n,)."""

    made_s: NDArray[np.float64]
    slept_s: NDArray[np.float64]

    def add(self, made_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return times of the sensor's clock (n,) s with the sleeps before them added."""
        total = np.concatenate([[0.0], np.cumsum(self.slept_s)])
        added: NDArray[np.float64] = made_s + total[np.searchsorted(self.made_s, made_s)]
        return added


def sleeps(made_s: NDArray[np.float64], came_s: NDArray[np.float64]) -> Sleeps | None:
    """Find the sleeps in rows (n,) by both clocks, s; None if the first is not a clock."""
    if len(made_s) < 2:
        return None
    order = np.argsort(made_s, kind="stable")
    made, came = made_s[order], came_s[order]
    steps = np.diff(made)
    low, high = _STEPS_S
    runs = made[-1] - made[0] <= _FASTEST * (came[-1] - came[0]) + SLEEP_S
    rising = steps[steps > 0]
    if not runs or not len(rising) or not low <= float(np.median(rising)) <= high:
        return None
    # A row that arrives after younger ones is late; a pause precedes all later rows.
    soonest = np.minimum.accumulate(came[::-1])[::-1]
    slept = np.diff(soonest) - steps
    at = np.flatnonzero(slept > SLEEP_S)
    awake = float(soonest[-1] - soonest[0] - slept[at].sum())
    if made[-1] - made[0] < _SLOWEST * awake:
        return None
    return Sleeps(made[at], slept[at])


def on_the_sensors_clock(files: Sequence[SensorFile]) -> list[SensorFile]:
    """Time the files of one device by the sensors' own clock and the sleeps seen in the arrivals.

    The sleeps are those of the first file: sensors of a device sleep together. Files are unchanged
    if one of them has no such clock.
    """
    lead = files[0]
    sleeps_of_files = [None if one.made is None else sleeps(one.made, one.times) for one in files]
    slept = sleeps_of_files[0]
    if slept is None or None in sleeps_of_files or lead.start_ns is None:
        return list(files)
    made = [slept.add(one.made) for one in files if one.made is not None]
    begin = int(np.argmin(made[0]))
    start_s = float(lead.times[begin] - made[0][begin])
    timed = []
    for one, seconds in zip(files, made, strict=True):
        order = np.argsort(seconds, kind="stable")
        first = float(seconds[order[0]])
        timed.append(
            replace(
                one,
                start_ns=lead.start_ns + round((start_s + first) * 1e6) * 1_000,
                times=seconds[order] - first,
                values={sensor: rows[order] for sensor, rows in one.values.items()},
                lines=one.lines[order],
                made=None,
            )
        )
    if len(slept.made_s):
        times = "once" if len(slept.made_s) == 1 else f"{len(slept.made_s)} times"
        timed[0].warnings.append(f"the device slept {times}, {slept.slept_s.sum():.0f} s in all")
    return timed
