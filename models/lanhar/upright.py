"""Which way is up when the wearer is on their feet, learned while they walk (LanHAR §3.3.2).

Whoever walks is upright. Where a device sits alike in a wearer's steps, gravity's direction in them
tells lying, and a thigh that lies, from standing; how much it turns in them tells a limb from the
head and the trunk. It is a state of the session in event time: the windows before decide it and
nothing else, so that a replay ranks alike.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ALIKE = 0.95
"""Length of the mean direction in steps: 1 where the device never moves on the body."""
LEAST_WINDOWS = 4.5
FADES = 0.98
"""What a window of steps counts after the next: a device that is put on anew is learned anew."""
LIMB_RAD_S = 1.35
"""Turning in steps, rms: thighs and wrists turn more, heads and waists less."""
LYING_COSINE = 0.5
"""Sixty degrees from upright: a seated head or waist never leans as far for a whole window."""
STEP_ACCELERATION = 0.8
"""m/s², standard deviation along gravity."""
STEP_REGULARITY = 0.5
_STEP_S = (0.36, 1.2)
_DECIMALS = 9


@dataclass(frozen=True)
class Upright:
    """`count` faded windows of steps, and sums over them.

    `x`, `y` and `z` add up gravity's directions, `turning` the rms angular velocities in rad/s.
    """

    count: float = 0.0
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    turning: float = 0.0

    @classmethod
    def of(cls, values: Sequence[float]) -> Upright:
        """Return what `values` says; nothing is known where one is missing."""
        return cls(*values) if len(values) == _NUMBERS else cls()

    def values(self) -> tuple[float, ...]:
        """Return what `of` reads."""
        return (self.count, self.x, self.y, self.z, self.turning)

    def after(self, imu: NDArray[Any], rate: float = 50.0) -> Upright:
        """Return the state that has also seen a window `imu` (N, 6) at `rate` Hz, in m/s²."""
        up = gravity(imu)
        if up is None or not has_steps(imu, rate):
            return self
        velocity = np.asarray(imu, np.float64)[:, 3:]
        turning = float(np.sqrt((velocity**2).sum(axis=1).mean()))
        return Upright(
            *(
                round(FADES * old + float(new), _DECIMALS)
                for old, new in zip(self.values(), (1.0, *up, turning), strict=True)
            )
        )

    def cosine(self, imu: NDArray[Any]) -> float | None:
        """Return that of the angle between gravity in `imu` (N, 6) and upright, None if unknown."""
        up, total = gravity(imu), np.array([self.x, self.y, self.z])
        length = float(np.linalg.norm(total))
        if up is None or self.count < LEAST_WINDOWS or length < ALIKE * self.count:
            return None
        return float(up @ total) / length

    def lies(self, imu: NDArray[Any]) -> bool:
        """Return whether the wearer lies in `imu` (N, 6), as a head or a trunk shows.

        A thigh lies while its wearer sits, so a device on a limb never says so.
        """
        cosine = self.cosine(imu)
        on_limb = self.turning > LIMB_RAD_S * self.count
        return cosine is not None and cosine < LYING_COSINE and not on_limb


_NUMBERS = len(fields(Upright))


def uprights(windows: NDArray[Any], wearers: Sequence[str] = ()) -> list[Upright]:
    """Return for each of `windows` (M, N, 6) what its wearer's windows up to it say.

    Without `wearers` (M,) all are one's.
    """
    known: defaultdict[str, Upright] = defaultdict(Upright)
    each = []
    for imu, wearer in zip(windows, wearers or ("",) * len(windows), strict=True):
        known[wearer] = known[wearer].after(imu)
        each.append(known[wearer])
    return each


def gravity(imu: NDArray[Any]) -> NDArray[np.float64] | None:
    """Return the direction (3,) of the mean acceleration of (N, 6); None where there is none."""
    mean = np.asarray(imu, np.float64)[:, :3].mean(axis=0)
    length = float(np.linalg.norm(mean))
    return mean / length if length > 1.0 else None


def has_steps(imu: NDArray[Any], rate: float = 50.0) -> bool:
    """Return whether (N, 6) at `rate` Hz moves along gravity, and alike a step or two later."""
    up = gravity(imu)
    if up is None:
        return False
    vertical = np.asarray(imu, np.float64)[:, :3] @ up
    vertical = vertical - vertical.mean()
    if vertical.std() < STEP_ACCELERATION:
        return False
    rows = len(vertical)
    power = np.abs(np.fft.rfft(vertical, 2 * rows)) ** 2
    first, last = (round(seconds * rate) for seconds in _STEP_S)
    likeness = np.fft.irfft(power)[:rows] / (1 - np.arange(rows) / rows)
    if len(likeness) <= last:
        return False
    again = first + int(likeness[first : last + 1].argmax())
    # Between two steps the motion is unlike itself; a slow sway is alike all the way.
    between = likeness[:again].min()
    return bool(likeness[again] >= STEP_REGULARITY * likeness[0] and between <= likeness[again] / 2)
