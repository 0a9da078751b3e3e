"""Muon (Jordan et al. 2024): momentum whose matrices are made orthogonal before each step.

For convolutions and dense layers trained for a short time it needs fewer steps than AdamW; norms,
biases and a network's first layer stay with AdamW.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from models.network.low_precision import has_bfloat16

if TYPE_CHECKING:
    from collections.abc import Iterable

# The quintic iteration's coefficients; it brings singular values into about 0.7 to 1.2.
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ROUNDS = 5


class Muon(torch.optim.Optimizer):
    """Steps weights of two or more dimensions; the first is a matrix's rows, the rest its columns.

    Each step has the size that AdamW's would have at the same `lr` (Liu et al. 2025).
    """

    def __init__(
        self, params: Iterable[nn.Parameter], lr: float, momentum: float = 0.95, decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002
        """Move every weight that has a gradient."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                moving = state["momentum"]
                moving.lerp_(weight.grad, 1 - group["momentum"])
                ahead = weight.grad.lerp(moving, group["momentum"])
                change = orthogonal(ahead.reshape(len(weight), -1)).view(weight.shape)
                size = 0.2 * max(len(weight), weight[0].numel()) ** 0.5
                weight.mul_(1 - group["lr"] * group["decay"])
                weight.add_(change, alpha=-group["lr"] * size)


def orthogonal(matrix: Tensor) -> Tensor:
    """(m, n) -> (m, n), nearly the closest matrix with orthonormal rows or columns."""
    a, b, c = _COEFFICIENTS
    x = matrix.bfloat16() if has_bfloat16() else matrix
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (x.norm() + 1e-7)
    for _ in range(_ROUNDS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    out: Tensor = (x.T if tall else x).to(matrix.dtype)
    return out
