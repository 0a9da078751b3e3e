"""Layers of `torch.nn` on one or two-dimensional values, in fewer steps.

What follows from weights alone stands apart from what depends on the input.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn


def normalise(norm: nn.LayerNorm, x: Tensor) -> Tensor:
    """Return steps (T, W), each normalised."""
    return nn.functional.layer_norm(x, norm.normalized_shape, norm.weight, norm.bias, norm.eps)


def attend(attention: nn.MultiheadAttention, x: Tensor) -> Tensor:
    """Return self-attention of steps (T, W)."""
    steps, width = x.shape
    heads, out = attention.num_heads, attention.out_proj
    scale = (width // heads) ** -0.5
    # The query's scale is in its weights.
    scaled = torch.cat([torch.full((width,), scale), torch.ones(2 * width)])
    each = torch.addmm(  # (T, 3 W)
        attention.in_proj_bias * scaled, x, (attention.in_proj_weight * scaled[:, None]).T
    )
    query, key, value = torch.split(each.reshape(steps, 3 * heads, -1).transpose(0, 1), heads)
    shares = torch.softmax(query @ key.transpose(1, 2), dim=2)  # (heads, T, T)
    joined = (shares @ value).permute(1, 0, 2).reshape(steps, width)
    return torch.addmm(out.bias, joined, out.weight.T)


def recurrent(gru: nn.GRU, x: Tensor) -> Tensor:
    """Return both directions' states (T, H) of steps (T, W)."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    weights = [getattr(gru, f"{name}_l0{way}") for way in ("", "_reverse") for name in names]
    first = x.new_zeros(2, 1, gru.hidden_size)
    states, _ = torch.gru(x[:, None], first, weights, True, 1, 0.0, False, True, False)
    return states.reshape(len(x), -1)


def convolve(layers: nn.Sequential, at: int, x: Tensor, padding: tuple[int, int]) -> Tensor:
    """Return what the convolution at `at`, its normalisation and ReLU make of (1, C, T, A)."""
    conv = cast("nn.Conv2d", layers[at])
    scale, shift = affine(cast("nn.BatchNorm2d", layers[at + 1]))
    weight = conv.weight * scale[:, None, None, None]
    stride = cast("tuple[int, int]", conv.stride)
    return torch.relu(nn.functional.conv2d(x, weight, shift, stride, padding))


def affine(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Return what a normalisation in evaluation multiplies by and what it then adds, (C) each."""
    mean, variance = (cast("Tensor", each) for each in (norm.running_mean, norm.running_var))
    scale = norm.weight / torch.sqrt(variance + norm.eps)
    return scale, norm.bias - mean * scale


def linear(layers: nn.Sequential, at: int) -> nn.Linear:
    """Return the linear layer at `at`."""
    return cast("nn.Linear", layers[at])
