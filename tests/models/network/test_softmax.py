from __future__ import annotations

import numpy as np
from scipy import special

from models.network.softmax import softmax


def test_shares_are_scipys_to_the_bit() -> None:
    for number in range(1, 40):
        logits = np.random.default_rng(number).normal(0, 30, number)
        np.testing.assert_array_equal(softmax(logits), special.softmax(logits))
