"""Training the whole scenario network further at a low rate, on the original days and the queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from models.network.low_precision import low_precision

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from models.egolog.scenario import ScenarioNet
    from models.finetuning.examples import Examples

BATCH = 32
MAX_GRADIENT = 1.0


@dataclass(frozen=True)
class WeightedExamples:
    """Windows with weights (N,), by which they are sampled."""

    examples: Examples
    weights: NDArray[np.float32]

    def batch(self, rng: Generator) -> tuple[Tensor, Tensor]:
        """Return rows (B, 15, 644) and labels (B, 16)."""
        chances = self.weights.astype(np.float64)
        at = rng.choice(len(self.examples), BATCH, p=chances / chances.sum())
        rows = torch.from_numpy(self.examples.rows[at].astype(np.float32))
        return rows, torch.from_numpy(self.examples.labels[at])


def train(
    network: ScenarioNet,
    queue: WeightedExamples,
    original: WeightedExamples,
    steps: int,
    rate: float,
    seed: int,
) -> None:
    """Train `network` in place and leave it in inference mode."""
    rng = np.random.default_rng(seed)
    # The original windows have the same total weight relative to the queue as for the head.
    balance = float(original.weights.sum() / queue.weights.sum())
    network.requires_grad_(True).train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for step in range(steps):
            for group in optimiser.param_groups:
                group["lr"] = rate * 0.5 * (1 + np.cos(np.pi * step / steps))
            with low_precision():
                loss = _loss(network, *queue.batch(rng))
                loss = loss + balance * _loss(network, *original.batch(rng))
            optimiser.zero_grad(set_to_none=True)
            (loss / (1 + balance)).backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), MAX_GRADIENT)
            optimiser.step()
    network.eval().requires_grad_(False)


def _loss(network: ScenarioNet, rows: Tensor, labels: Tensor) -> Tensor:
    return nn.functional.binary_cross_entropy_with_logits(network(rows).float(), labels)
