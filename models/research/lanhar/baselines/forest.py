"""A random forest on rotation-invariant features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.lanhar.rotation_invariant import measures
from schemas.extras import needs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TREES = 300
_MIN_LEAF = 2


def forest(
    source: NDArray[np.float32], label: NDArray[np.int64], target: NDArray[np.float32], seed: int
) -> NDArray[np.int64]:
    """Train on windows (N, 120, 6) and labels (N,), return labels of a target's (M,).

    Raises `MissingExtraError` with what to install if scikit-learn is missing.
    """
    grown = _grown(source, label, seed)
    predicted: NDArray[np.int64] = grown.predict(_measured(target))
    return predicted


def forest_shares(
    source: NDArray[np.float32], label: NDArray[np.int64], target: NDArray[np.float32], seed: int
) -> NDArray[np.float64]:
    """Return the probability of each label from 0 on, (M, K); all must occur in `label`."""
    grown = _grown(source, label, seed)
    probabilities: NDArray[np.float64] = grown.predict_proba(_measured(target))
    return probabilities


def _grown(source: NDArray[np.float32], label: NDArray[np.int64], seed: int) -> Any:
    with needs("sklearn", "the random forest needs"):
        from sklearn.ensemble import RandomForestClassifier
    grown = RandomForestClassifier(
        TREES, min_samples_leaf=_MIN_LEAF, class_weight="balanced", random_state=seed
    )
    return grown.fit(_measured(source), label)


def _measured(imu: NDArray[np.float32]) -> NDArray[np.float32]:
    return measures(imu)
