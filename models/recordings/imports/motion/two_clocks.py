"""When rows were taken, told by two clocks: the sensor's own, and that of their arrival.

A watch stamps rows by a clock that stands still while it sleeps, and hands them on in batches; the
arrival knows of the sleep, but not of the time between rows. Rows follow one another by the first
clock, and a silence of arrival that is longer than a batch is a sleep.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.recordings.imports.motion.sensor_file import SensorFile

SLEEP_S = 5.0  # batches of HHAR's watches come after up to 4 s
_FASTEST = 1.02  # a clock that runs faster than the arrival by more is none
_SLOWEST = 0.8  # of the time awake; batches under way count as such
_STEPS_S = (1 / 900, 0.11)


@dataclass(frozen=True)
class Sleeps:
    """After `made_s` (n,) of the sensor's clock, ascending, it stood still for `slept_s` (n,)."""

    made_s: NDArray[np.float64]
    slept_s: NDArray[np.float64]

    def add(self, made_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return times of the sensor's clock (n,) s with the sleeps before them added."""
        total = np.concatenate([[0.0], np.cumsum(self.slept_s)])
        added: NDArray[np.float64] = made_s + total[np.searchsorted(self.made_s, made_s)]
        return added


def sleeps(made_s: NDArray[np.float64], came_s: NDArray[np.float64]) -> Sleeps | None:
    """Find the sleeps in rows (n,) by both clocks, s; None where the first is no clock."""
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
    # A row that comes after younger ones is late; silence is what all later rows come after.
    soonest = np.minimum.accumulate(came[::-1])[::-1]
    slept = np.diff(soonest) - steps
    at = np.flatnonzero(slept > SLEEP_S)
    awake = float(soonest[-1] - soonest[0] - slept[at].sum())
    if made[-1] - made[0] < _SLOWEST * awake:
        return None
    return Sleeps(made[at], slept[at])


def on_the_sensors_clock(files: Sequence[SensorFile]) -> list[SensorFile]:
    """Time the files of one device by the sensors' own clock and the sleeps that arrival knows of.

    The sleeps are those of the first file: sensors of a device sleep together. Files stay as they
    are where one of them has no such clock.
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
