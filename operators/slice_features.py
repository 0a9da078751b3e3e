"""The features of one slice, which several windows share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.frames import Modality

Features = dict[str, NDArray[Any]]

# The feature of a slice whose value is above 0 where somebody speaks; part of no window.
_SPEECH = "speech"


@dataclass
class SliceFeatures:
    """A slice's features by name, and how many of each stream's `expected` samples came."""

    features: Features
    filled: dict[Modality, int]
    expected: dict[Modality, int]

    @property
    def speaks(self) -> bool:
        """Whether somebody speaks in it, or may."""
        if not self.filled.get("audio"):
            return False
        # A featurizer that does not say whether somebody speaks is none that was asked to.
        return not float(self.features[_SPEECH][0]) <= 0.0 if _SPEECH in self.features else True

    def share(self, modality: Modality) -> float:
        """Return the share of a stream's samples that came."""
        return self.filled.get(modality, 0) / self.expected.get(modality, 1)

    def without_sound(self) -> SliceFeatures | None:
        """Return what is left of it without its sound, None where nothing is."""
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
