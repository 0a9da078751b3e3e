"""Hints for reading a motion file, from the files beside it or from the caller."""

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
    """`clock` converts seconds from the recording's own start to seconds since 1970.

    `turned`: acceleration points down at rest, as on an iPhone; `standardised`: Sensor Logger wrote
    all of its files in m/s². `acc` and `gyro` convert values without a unit in the header to m/s²
    and rad/s.
    """

    clock: OwnClock | None = None
    turned: bool = False
    standardised: bool = False
    acc: float | None = None
    gyro: float | None = None


NO_HINTS = Hints()
