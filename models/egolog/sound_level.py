"""The sound level of a slice, computed from its log-mel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.features import FeatureConfig

if TYPE_CHECKING:
    from numpy.typing import NDArray

QUIETEST_DB = -100.0
_CONFIG = FeatureConfig()


def level_db(mel: NDArray[np.floating]) -> float:
    """Return the level of a log-mel (T, 64), dB of full scale, at least `QUIETEST_DB`.

    The bands add up to the power between the first and the last of them; a full-scale sine has
    -3 dB.
    """
    power = _CONFIG.floor * np.expm1(mel.astype(np.float64)).sum(axis=1).mean()
    # One-sided spectrum, and a window of unit energy.
    mean_square = 2.0 / _CONFIG.n_fft * float(power)
    return round(max(QUIETEST_DB, 10.0 * float(np.log10(max(mean_square, 1e-30)))), 1)
