"""A window's features as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from schemas import Modality, Window


def feature(window: Window, name: str) -> NDArray[Any] | None:
    """Return a feature by name, or None if its modality is absent."""
    vector = window.features.get(name)
    return None if vector is None else vector.array()


def required_feature(window: Window, name: str) -> NDArray[Any]:
    """Return a feature that windows of this kind always have; raises `KeyError` without it."""
    return window.features[name].array()


def presence(window: Window, modality: Modality) -> NDArray[np.bool_]:
    """Return which feature slices of a modality hold samples, (slices,) bool."""
    shares = window.slices.get(modality)
    if shares is None:
        return np.zeros(max((len(s) for s in window.slices.values()), default=0), dtype=bool)
    return np.asarray(shares) > 0
