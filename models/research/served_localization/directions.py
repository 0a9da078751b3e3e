"""The directions of a sound along the circle, as `models.egolog.sound_directions`.

The circle is computed a little further than once around, so that nothing is padded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from models.egolog.movement_compensation import CANDIDATES, ORDERS
from models.egolog.sound_directions import HEAT_BIAS
from models.research.served_localization.layers import affine, convolve, linear
from schemas.evidence import DIRECTIONS, DISTANCES

if TYPE_CHECKING:
    from models.egolog.sound_directions import Directions

_QUARTER = CANDIDATES // 4
_WRAPPED = 4
"""Directions on either side of the circle that the convolutions along it need beside it."""
_PLAIN = ((0, 10.0), (2, 30.0), (1, 1.0), (3, 1.0))


def along_circle(
    branch: Directions, mel: Tensor, gcc: Tensor, yaw: Tensor, has_motion: Tensor
) -> Tensor:
    """Return features (W, 72) along the circle, as `Directions.forward`.

    Args:
        branch: of a network in evaluation.
        mel: (M, T, 64) log-mels.
        gcc: (P, T, 64) GCC-PHAT.
        yaw: (1, T) rad, the head's turn within the second.
        has_motion: (1,) 1 or 0.
    """
    pairs, _, bins = gcc.shape
    gcc = gcc * _weights(branch, mel, gcc)  # (P, T, 64)
    around = torch.arange(-_WRAPPED, CANDIDATES + _WRAPPED) % CANDIDATES
    steered = _pool(_steer(branch, gcc, yaw, around), branch.stride)  # (P, T/5, 80)
    still = _pool(gcc, branch.stride) @ _still(branch, bins, around)
    mirror = branch.mirror[around] + _WRAPPED
    mirrored = steered.index_select(2, mirror)
    scale, shift = affine(branch.scale)
    seen = torch.addcmul(
        shift[:, None, None], torch.cat([steered, mirrored, still]), scale[:, None, None]
    )
    steps, wide = seen.shape[1:]
    circle = branch.circle[:, around][:, None].repeat(1, steps, 1)
    x = torch.cat([seen, circle, has_motion[:, None, None].expand(1, steps, wide)])[None]
    for at in (1, 5):
        x = convolve(branch.convs, at, x, (1, 0))
    pooled = torch.cat([x.mean(dim=2), x.amax(dim=2)], dim=1)[0]  # (W, 72)
    ridge = steered.mean(dim=1)  # (P, 80)
    both = torch.stack([ridge, ridge - mirrored.mean(dim=1)])[..., _WRAPPED:-_WRAPPED]
    size = both.abs().amax(dim=(1, 2), keepdim=True) + 1e-3
    plain = torch.cat([both, both / size]).reshape(4 * pairs, -1)
    weight, bias = branch.plain.weight[..., 0], cast("Tensor", branch.plain.bias)
    # Ridge and over as they are, then both by their size.
    each = [part * weight[:, at * pairs : (at + 1) * pairs] for at, part in _PLAIN]
    return torch.addmm(pooled + bias[:, None], torch.cat(each, dim=1), plain)


def _weights(branch: Directions, mel: Tensor, gcc: Tensor) -> Tensor:
    """Return how much each frame counts, (T, 1)."""
    level = mel.mean(dim=(0, 2))[None]  # (1, T)
    frames = level.shape[1]
    change = torch.eye(frames) - torch.diag(torch.ones(frames - 1), 1)
    change[0, 0] = 0.0
    peak = gcc.amax(dim=2).mean(dim=0, keepdim=True)
    below = level - level.amax(dim=1, keepdim=True)
    cues = torch.cat([below, level @ change, peak, level])  # (4, T)
    first, second = linear(branch.gate, 0), linear(branch.gate, 2)
    scale = cues.new_tensor([1.0, 1.0, 4.0, 0.1])
    hidden = torch.relu(torch.addmm(first.bias, cues.T, (first.weight * scale).T))
    return torch.sigmoid(torch.addmm(second.bias, hidden, second.weight.T))


def _pool(x: Tensor, stride: int) -> Tensor:
    planes, frames, wide = x.shape
    return x.reshape(planes, frames // stride, stride, wide).mean(dim=2)


def _circles(branch: Directions, around: Tensor) -> tuple[Tensor, Tensor]:
    """Return what cosines and sines of the yaw's multiples count in lags, (3, P, A) each."""
    azimuth = branch.steering.azimuth[around]
    turns = azimuth * torch.arange(1.0, ORDERS + 1)[:, None, None]  # (3, 1, A)
    sin, cos = turns.sin(), turns.cos()
    odd, even = branch.steering.series.T.reshape(ORDERS, 2, -1, 1).unbind(1)  # (3, P, 1)
    return odd * sin + even * cos, even * sin - odd * cos


def _steer(branch: Directions, gcc: Tensor, yaw: Tensor, around: Tensor) -> Tensor:
    """Return GCC maps along directions that stand still, (P, T, A)."""
    pairs, frames, _ = gcc.shape
    turns = yaw * torch.arange(1.0, ORDERS + 1)[:, None]  # (3, T)
    turned = torch.cat([turns.cos(), turns.sin()])  # (6, T)
    # The cosine of a difference is a sum of products: few of yaw, and those of the circle known.
    table = torch.cat(_circles(branch, around)).flatten(1)  # (6, P * A)
    middle = float(branch.steering.lags // 2)
    lag = turned.T @ table + middle  # (T, P * A)
    lag = lag.clamp(0.0, branch.steering.lags - 1.001)
    lag = lag.reshape(frames, pairs, -1).transpose(0, 1) if pairs > 1 else lag[None]
    low = lag.floor()
    part, at = lag - low, low.long()
    near, far = gcc.gather(2, at), gcc.gather(2, at + 1)
    return near + (far - near) * part


def _still(branch: Directions, bins: int, around: Tensor) -> Tensor:
    """Return what makes of lags (64) the directions of a head at rest: (P, 64, A)."""
    lag = _circles(branch, around)[0].sum(dim=0) + float(branch.steering.lags // 2)
    lag = lag.clamp(0.0, branch.steering.lags - 1.001)  # (P, A)
    apart = (lag[:, None] - torch.arange(float(bins))[:, None]).abs()
    return (1.0 - apart).clamp(min=0.0)


def heat_of(branch: Directions, along: Tensor, second: Tensor) -> Tensor:
    """Return the logits (1, 2, 1, 72) of a near and a far source, from the quarter ahead on."""
    # Begins with the quarter ahead, and a little before it.
    before, after = _QUARTER // 2 + _WRAPPED, CANDIDATES - _QUARTER // 2 + _WRAPPED
    around = torch.arange(-before, after) % CANDIDATES
    projected = branch.say(second).reshape(-1, len(branch.circle))
    wrapped = torch.cat([along[:, -before:], along[:, :after]], dim=1)
    x = torch.relu(torch.addmm(wrapped, projected, branch.circle[:, around]))[None, :, None]
    first, last = (cast("nn.Conv1d", branch.heat[at]) for at in (1, 3))
    bias = cast("Tensor", last.bias) + HEAT_BIAS
    x = torch.relu(nn.functional.conv2d(x, first.weight[:, :, None], first.bias))
    return nn.functional.conv2d(x, last.weight[:, :, None], bias)


def sector_logits(heat: Tensor) -> Tensor:
    """Return the logits (1, 8) of the strongest of each quarter, near and far."""
    quarters = heat.reshape(len(DISTANCES) * 4, _QUARTER).logsumexp(dim=1)
    ahead = ("front", "left", "back", "right")
    order = [far * 4 + ahead.index(name) for name in DIRECTIONS for far in range(len(DISTANCES))]
    return quarters.index_select(0, torch.tensor(order))[None]
