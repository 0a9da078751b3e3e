"""Frames of motion only, one per second, the least input that gives a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from schemas import ImuFrame, Vector
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Sequence

RATE = 50
START_NS = 1_772_438_400 * NS


def motion_frames(
    device_id: str, seconds: int, *, final: bool = True, first: int = 0
) -> Sequence[ImuFrame]:
    """Return a device's frames from second `first` on, the last one `final` or not."""
    random = np.random.default_rng(7)
    acceleration = random.normal((0.0, 0.0, 9.8), 1.0, (RATE, 3)).astype(np.float32)
    rotation = random.normal(0.0, 0.2, (RATE, 3)).astype(np.float32)
    return [
        ImuFrame(
            device_id=device_id,
            session_id="s",
            seq=second,
            t_ns=START_NS + second * NS,
            final=final and second == first + seconds - 1,
            streams=["imu"],
            rate=float(RATE),
            acc=Vector.of(acceleration),
            gyro=Vector.of(rotation),
        )
        for second in range(first, first + seconds)
    ]
