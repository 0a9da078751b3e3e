"""A window of half a minute with given features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas import Vector, Window
from schemas.frames import NS

if TYPE_CHECKING:
    import numpy as np


def window(**features: np.ndarray) -> Window:
    return Window(
        device_id="d",
        window_id="d/s/scenario/0",
        session_id="s",
        kind="scenario",
        start_ns=0,
        end_ns=30 * NS,
        coverage={},
        slices={},
        features={name: Vector.of(values) for name, values in features.items()},
    )
