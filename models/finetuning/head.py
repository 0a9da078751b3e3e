"""Refitting the scenario network's output layer: logistic regression, regularised to its parent.

The layers below are frozen, so the loss is convex, and its unique minimum is found in a fraction of
a second, independent of the seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from models.network.layer_inputs import layer_inputs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.egolog.scenario import ScenarioNet

_ITERATIONS = 60
_BIAS = 1 / 30
_AT_ONCE = 512


@dataclass(frozen=True)
class WeightedWindows:
    """Windows for the output layer: inputs `points` (N, P), `targets` (N, 16), `weights` (N,)."""

    points: Tensor
    targets: Tensor
    weights: Tensor


def points(network: ScenarioNet, rows: NDArray[np.float16]) -> Tensor:
    """Return the output layer's input (N, P) for rows (N, 15, 644), in inference mode."""
    with torch.no_grad(), layer_inputs(network.out) as features:
        for at in range(0, len(rows), _AT_ONCE):
            network(torch.from_numpy(rows[at : at + _AT_ONCE].astype(np.float32)))
    return torch.cat(features)


def probabilities(network: ScenarioNet, points: Tensor) -> NDArray[np.float32]:
    """Return the probabilities (N, 16) of the output layer for `points` (N, P)."""
    with torch.inference_mode():
        result: NDArray[np.float32] = torch.sigmoid(network.out(points)).numpy()
    return result


def fit(
    network: ScenarioNet, queue: WeightedWindows, original: WeightedWindows, near: float
) -> None:
    """Fit the output layer of `network` to both, in place.

    `near` weighs the squared distance from the initial weights; the bias, which depends on how
    frequent a scenario is, is regularised less.
    """
    given = torch.cat([queue.points, original.points])
    targets = torch.cat([queue.targets, original.targets])
    weights = torch.cat([queue.weights, original.weights])[:, None]
    start = [part.detach().clone() for part in (network.out.weight, network.out.bias)]
    weight, bias = (part.clone().requires_grad_(True) for part in start)
    optimiser = torch.optim.LBFGS(
        [weight, bias], max_iter=_ITERATIONS, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(
            nn.functional.linear(given, weight, bias), targets, weights, reduction="sum"
        )
        far = (weight - start[0]).square().sum() + _BIAS * (bias - start[1]).square().sum()
        loss = loss + near * far
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        network.out.weight.copy_(weight)
        network.out.bias.copy_(bias)
