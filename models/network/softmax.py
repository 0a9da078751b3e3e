"""Shares of logits, as `scipy.special.softmax` computes them.

That one looks at its arguments for as long as a ranking of twenty labels takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """(K,) logits -> (K,) shares that sum to 1."""
    raised = np.exp(logits - logits.max())
    shares: NDArray[np.float64] = raised / raised.sum()
    return shares
