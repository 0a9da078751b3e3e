"""The features of one slice, shared by all windows that contain it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.frames import Modality

Features = dict[str, NDArray[Any]]

# A slice's speech feature, above 0 where speech is detected; not part of any window.
_SPEECH = "speech"


@dataclass
class SliceFeatures:
    """A slice's features by name, and how many of each stream's `expected` samples arrived."""

    features: Features
    filled: dict[Modality, int]
    expected: dict[Modality, int]

    @property
    def speaks(self) -> bool:
        """Whether the slice contains speech, or may contain it."""
        if not self.filled.get("audio"):
            return False
        # Fail closed: without a speech feature the slice counts as speech.
        return not float(self.features[_SPEECH][0]) <= 0.0 if _SPEECH in self.features else True

    def share(self, modality: Modality) -> float:
        """Return the share of a stream's expected samples that arrived, 0 to 1."""
        return self.filled.get(modality, 0) / self.expected.get(modality, 1)

    def without_sound(self) -> SliceFeatures | None:
        """Return the slice without its sound features, or None if no others remain."""
        if not self.filled.get("imu"):
            return None
        return SliceFeatures(
            {"imu": self.features["imu"]},
            {"imu": self.filled["imu"]},
            {"imu": self.expected["imu"]},
        )


def join_slices(name: str, slices: Sequence[SliceFeatures | None]) -> NDArray[Any] | None:
    """Join a feature over slices along time (the last but one axis); absent slices are zeros."""
    present = [s.features[name] for s in slices if s is not None and name in s.features]
    if not present:
        return None
    if len(slices) == 1:
        return present[0]
    empty = np.zeros_like(present[0])
    return np.concatenate(
        [s.features[name] if s is not None and name in s.features else empty for s in slices],
        axis=-2,
    )
