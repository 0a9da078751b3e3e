"""Whether motion has been sensed by a gyroscope, which some wearables and many recordings lack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


def has_rotation(imu: NDArray[Any]) -> bool:
    """Return whether (..., 6) m/s² and rad/s has any rotation.

    Frames of a device without a gyroscope have zeros, which the noise of a gyroscope never leaves.
    """
    return bool(imu[..., 3:].any())
