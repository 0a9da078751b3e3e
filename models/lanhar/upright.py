"""Online estimate of gravity's direction for an upright wearer, learned from steps (LanHAR §3.3.2).

A walking wearer is upright. If the device's orientation is stable over steps, the direction of
gravity then distinguishes lying, and a horizontal thigh, from standing; the amount of turning
during steps distinguishes limbs from head and trunk. The estimate is state of the session in event
time, so that a replay gives the same ranking.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from schemas.position import Place

ALIKE = 0.95
"""Least length of the mean direction over steps; it is 1 if the device never moves on the body."""
LEAST_WINDOWS = 4.5
FADES = 0.98
"""Decay of a window's weight per further window of steps."""
SAME_COSINE = 0.8
"""Least cosine of the angle between a window of steps and those before it; below it the device has
been put on anew, or has turned in its pocket, and its direction is learned from the beginning.
Chosen on pockets of WISDM's training and validation users."""
LIMB_RAD_S = 1.35
"""Turning during steps, rms, rad/s: thighs and wrists turn more, heads and waists less."""
LIMBS: tuple[Place, ...] = ("pocket", "wrist")
"""Positions on a limb, also of a wearer who walks so calmly that it turns little."""
LYING_COSINE = 0.5
"""Cosine of sixty degrees from upright, more than a seated head or waist leans for a window."""
STEP_ACCELERATION = 0.8
"""m/s², standard deviation along gravity."""
STEP_REGULARITY = 0.5
_STEP_S = (0.36, 1.2)
_DECIMALS = 9


@dataclass(frozen=True)
class Upright:
    """Decayed sums over windows of steps, `count` of them.

    `x`, `y` and `z` sum gravity's directions, `turning` the rms angular velocities, rad/s.
    """

    count: float = 0.0
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    turning: float = 0.0

    @classmethod
    def of(cls, values: Sequence[float]) -> Upright:
        """Restore the state from `values`; without all of them nothing is known."""
        return cls(*values) if len(values) == _NUMBERS else cls()

    def values(self) -> tuple[float, ...]:
        """Return the state for `of`."""
        return (self.count, self.x, self.y, self.z, self.turning)

    def after(self, imu: NDArray[Any], rate: float = 50.0) -> Upright:
        """Return the state updated by a window `imu` (N, 6) at `rate` Hz, m/s² and rad/s."""
        up = gravity(imu)
        if up is None or not has_steps(imu, rate):
            return self
        velocity = np.asarray(imu, np.float64)[:, 3:]
        turning = float(np.sqrt((velocity**2).sum(axis=1).mean()))
        before = self if self._as_before(up) else Upright()
        return Upright(
            *(
                round(FADES * old + float(new), _DECIMALS)
                for old, new in zip(before.values(), (1.0, *up, turning), strict=True)
            )
        )

    def _as_before(self, up: NDArray[np.float64]) -> bool:
        """Return whether gravity is in direction `up` (3,) about as in earlier steps."""
        total = np.array([self.x, self.y, self.z])
        return bool(up @ total >= SAME_COSINE * np.linalg.norm(total))

    def cosine(self, imu: NDArray[Any]) -> float | None:
        """Return the cosine of the angle between gravity in `imu` (N, 6) and upright, or None."""
        up, total = gravity(imu), np.array([self.x, self.y, self.z])
        length = float(np.linalg.norm(total))
        if up is None or self.count < LEAST_WINDOWS or length < ALIKE * self.count:
            return None
        return float(up @ total) / length

    def lies(self, imu: NDArray[Any], position: Place | None = None) -> bool:
        """Return whether the wearer lies in `imu` (N, 6), judged at the head or the trunk.

        Always False for a limb, because a thigh is horizontal while its wearer sits. The device is
        on one if its `position` says so, or by how much it turns, which needs a gyroscope.
        """
        maybe_on_limb = position in (None, "unknown") and not self.turning
        if position in LIMBS or self.on_limb or maybe_on_limb:
            return False
        cosine = self.cosine(imu)
        return cosine is not None and cosine < LYING_COSINE

    @property
    def on_limb(self) -> bool:
        """Whether the device turned during steps as on a thigh or a wrist."""
        return self.turning > LIMB_RAD_S * self.count


_NUMBERS = len(fields(Upright))


def uprights(windows: NDArray[Any], wearers: Sequence[str] = ()) -> list[Upright]:
    """Return, for each of `windows` (M, N, 6), its wearer's state after it.

    Without `wearers` (M,) all windows are one wearer's.
    """
    known: defaultdict[str, Upright] = defaultdict(Upright)
    each = []
    for imu, wearer in zip(windows, wearers or ("",) * len(windows), strict=True):
        known[wearer] = known[wearer].after(imu)
        each.append(known[wearer])
    return each


def gravity(imu: NDArray[Any]) -> NDArray[np.float64] | None:
    """Return the direction (3,) of the mean acceleration of (N, 6), or None if it is zero."""
    mean = np.asarray(imu, np.float64)[:, :3].mean(axis=0)
    length = float(np.linalg.norm(mean))
    return mean / length if length > 1.0 else None


def has_steps(imu: NDArray[Any], rate: float = 50.0) -> bool:
    """Return whether (N, 6) at `rate` Hz moves along gravity with the period of steps."""
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
    # Between two steps the autocorrelation drops; for a slow sway it stays high.
    between = likeness[:again].min()
    return bool(likeness[again] >= STEP_REGULARITY * likeness[0] and between <= likeness[again] / 2)
