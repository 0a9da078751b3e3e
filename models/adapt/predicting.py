"""The scenario network's probabilities of stored rows, in batches: for learning and measuring."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from models.scenario import ScenarioNet

_AT_ONCE = 512


def probabilities(network: ScenarioNet, rows: NDArray[np.float16]) -> NDArray[np.float32]:
    """Return what `network` makes of rows (N, 15, 644): (N, 16), as it predicts when deployed."""
    was_training = network.training
    network.eval()
    with torch.inference_mode():
        parts = [
            torch.sigmoid(network(torch.from_numpy(rows[at : at + _AT_ONCE].astype(np.float32))))
            for at in range(0, len(rows), _AT_ONCE)
        ]
    network.train(was_training)
    if not parts:
        return np.zeros((0, network.config.scenarios), np.float32)
    found: NDArray[np.float32] = torch.cat(parts).numpy()
    return found
