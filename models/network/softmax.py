"""Softmax, bit-equal to `scipy.special.softmax`.

Its argument checks take as long as ranking twenty labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """(K,) logits -> (K,) probabilities that sum to 1."""
    raised = np.exp(logits - logits.max())
    shares: NDArray[np.float64] = raised / raised.sum()
    return shares
