"""What is known of a motion file from what lies beside it, or from whoever asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

OwnClock: TypeAlias = "Callable[[NDArray[np.float64]], NDArray[np.float64]]"


@dataclass(frozen=True)
class Hints:
    """`clock` takes times that count from a start of their own, s, to seconds since 1970.

    `turned` says that acceleration points down at rest, as on an iPhone; `standardised` that
    Sensor Logger wrote all of its files in m/s². `acc` and `gyro` take values whose header names no
    unit to m/s² and rad/s.
    """

    clock: OwnClock | None = None
    turned: bool = False
    standardised: bool = False
    acc: float | None = None
    gyro: float | None = None


NO_HINTS = Hints()
