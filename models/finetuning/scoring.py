"""Scoring many windows at once with a scenario network, for tuning and evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.egolog.scenario import ScenarioNet

_BATCH = 512


def probabilities(network: ScenarioNet, rows: NDArray[np.float16]) -> NDArray[np.float32]:
    """Return probabilities (N, 16) of rows (N, 15, 644), as when deployed."""
    was_training = network.training
    network.eval()
    with torch.inference_mode():
        parts = [
            torch.sigmoid(network(torch.from_numpy(rows[at : at + _BATCH].astype(np.float32))))
            for at in range(0, len(rows), _BATCH)
        ]
    network.train(was_training)
    if not parts:
        return np.zeros((0, network.config.scenarios), np.float32)
    result: NDArray[np.float32] = torch.cat(parts).numpy()
    return result
