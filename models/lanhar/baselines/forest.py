"""A random forest on rotation-invariant features."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from models.lanhar.invariant import measures

TREES = 300
_LEAST = 2


def forest(
    source: NDArray[np.float32], label: NDArray[np.int64], target: NDArray[np.float32], seed: int
) -> NDArray[np.int64]:
    """Train on windows (N, 120, 6) and labels (N,), return labels of a target's (M,).

    Raises `ImportError` saying what to install where scikit-learn is missing.
    """
    try:
        from sklearn.ensemble import RandomForestClassifier
    except ImportError as error:
        raise ImportError(
            "the random forest needs scikit-learn; install it with: pip install scikit-learn"
        ) from error
    grown = RandomForestClassifier(
        TREES, min_samples_leaf=_LEAST, class_weight="balanced", random_state=seed
    )
    grown.fit(measures(torch.from_numpy(source)).numpy(), label)
    found: NDArray[np.int64] = grown.predict(measures(torch.from_numpy(target)).numpy())
    return found
