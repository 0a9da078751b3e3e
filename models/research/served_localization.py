"""`models.egolog.localization` of one second, as ONNX Runtime serves it: the same in fewer steps.

A second is so little that much of its time went into steps between the products. Here everything is
one or two-dimensional; what follows from weights alone stands apart from what is heard, so that
ONNX Runtime computes it once, when a graph is loaded; and the circle of directions is computed a
little further than once around, so that nothing is padded. Sums are taken in another order:
probabilities differ by some 1e-6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from models.egolog.localization import HEAT_BIAS, MEL_SCALE, MICROPHONES
from models.egolog.motion_channels import GRAVITY
from models.egolog.movement_compensation import CANDIDATES, ORDERS, RATE
from schemas.evidence import DIRECTIONS, DISTANCES

if TYPE_CHECKING:
    from models.egolog.localization import (
        Directions,
        ImuBranch,
        Localization,
        Spectra,
    )

_QUARTER = CANDIDATES // 4
_WRAPPED = 4
"""Directions on either side of the circle that the convolutions along it need beside it."""


def regions(network: Localization, maps: Tensor, imu: Tensor, has_imu: Tensor) -> Tensor:
    """Return calibrated probabilities (1, 8) as `Localization.regions` does.

    Args:
        network: any, in evaluation.
        maps: (1, M + P, T, 64) log-mels and GCC-PHAT.
        imu: (1, 6, T) m/s² and rad/s.
        has_imu: (1,) bool; without it `imu` is not looked at.
    """
    return _localize(network, maps, imu, has_imu)[0]


def regions_and_heat(
    network: Localization, maps: Tensor, imu: Tensor, has_imu: Tensor
) -> tuple[Tensor, Tensor]:
    """Return `regions`, and the logits (2, 72) of a near and a far source per direction.

    Directions begin with the quarter ahead (`models.egolog.direction_memory`). Raises `ValueError`
    for a network of one microphone, which hears no direction.
    """
    found, heat = _localize(network, maps, imu, has_imu)
    if heat is None:
        raise ValueError("one microphone hears no direction; expected two or more")
    return found, heat.reshape(len(DISTANCES), CANDIDATES)


def _localize(
    network: Localization, maps: Tensor, imu: Tensor, has_imu: Tensor
) -> tuple[Tensor, Tensor | None]:
    config = network.config
    microphones = MICROPHONES[config.maps]
    _, planes, frames, bins = maps.shape
    mel, gcc = torch.split(maps.reshape(planes, frames, bins), [microphones, planes - microphones])
    has_motion = has_imu.to(maps.dtype)  # (1,)
    channels, rate = _motion_channels(imu.reshape(2, 3, frames))
    turns = (rate * has_motion) @ _turns(frames, config.stride).to(maps)  # (1, T + 2 T/5)
    yaw, pace = torch.split(turns, [frames, turns.shape[1] - frames], dim=1)

    audio_spectra, whole = _spectra(network.spectra, mel)
    turned = torch.where(has_imu[:, None], _motion(network.motion, channels), network.absent)
    paced = torch.relu(
        torch.addmm(
            torch.addcmul(network.turn.bias, network.turn.weight[:, 2], has_motion),
            pace.reshape(2, -1).T,
            network.turn.weight[:, :2].T,
        )
    )
    x = _recurrent(network.gru, torch.cat([audio_spectra, paced], dim=1))  # (T/5, H)
    attention = network.attention
    x = _normalise(
        network.norm,
        x
        + _attend(
            x,
            attention.in_proj_weight,
            attention.in_proj_bias,
            attention.out_proj,
            attention.num_heads,
        ),
    )
    x = torch.relu(network.join(torch.cat([x, turned], dim=1)))
    second = x.mean(dim=0, keepdim=True) + whole  # (1, H)
    heat = None
    if network.directions is None:
        logits = network.region_logits(torch.relu(second))
    else:
        along = _along(network.directions, mel, gcc, yaw, has_motion)  # (W, 72)
        features = [torch.relu(second), along.mean(dim=1)[None], along.amax(dim=1)[None]]
        heat = _heat(network.directions, along, second)  # (1, 2, 1, 72)
        shares = network.share.repeat(len(DIRECTIONS))
        logits = torch.addcmul(
            network.region_logits(torch.cat(features, dim=1)), _sectors(heat), shares
        )
    scale, offset = (each.repeat(len(DIRECTIONS)) for each in (network.temper, network.offset))
    return torch.sigmoid(torch.addcmul(offset, logits, scale)), heat


def _motion_channels(imu: Tensor) -> tuple[Tensor, Tensor]:
    """Return ten channels (10, T), not yet scaled, and the turn (1, T) about the vertical.

    Args:
        imu: (2, 3, T) acceleration and rotation.
    """
    up = nn.functional.normalize(imu[0].mean(dim=1, keepdim=True), dim=0)  # (3, 1)
    upright = (imu * up).sum(dim=1, keepdim=True)  # (2, 1, T)
    across = (imu - upright * up).norm(dim=1)  # (2, T)
    return torch.cat([imu.flatten(0, 1), upright[:, 0], across]), upright[1]


def _turns(frames: int, stride: int) -> Tensor:
    """Return what makes yaw (T), its mean a step and five times how that changes of rates (T)."""
    rates = torch.eye(frames, dtype=torch.float64)
    yaw = (torch.cumsum(rates, dim=1) - 0.5 * rates) / RATE
    yaw -= yaw.mean(dim=1, keepdim=True)
    pace = yaw.reshape(frames, -1, stride).mean(dim=2)
    swing = torch.diff(pace, dim=1, append=pace[:, -1:])
    return torch.cat([yaw, pace, 5 * swing], dim=1).float()


def _motion(branch: ImuBranch, channels: Tensor) -> Tensor:
    """Return the motion's features (T/5, O)."""
    scale = channels.new_tensor([1 / GRAVITY] * 3 + [1.0] * 3 + [4 / GRAVITY, 1, 4 / GRAVITY, 1])
    # Ours come as vertical, yaw, horizontal, nod.
    order = torch.tensor([0, 1, 2, 3, 4, 5, 6, 8, 7, 9])
    lift = branch.lift
    start = branch.position[0, : channels.shape[1]] + (lift.bias - 4.0 * lift.weight[:, 6])
    x = torch.addmm(start, channels.T, (lift.weight[:, order] * scale).T)  # (T, W)
    for layer in branch.layers.layers:
        attention = layer.self_attn
        x = x + _attend(
            _normalise(layer.norm1, x),
            attention.in_proj_weight,
            attention.in_proj_bias,
            attention.out_proj,
            attention.num_heads,
        )
        x = x + layer.linear2(torch.relu(layer.linear1(_normalise(layer.norm2, x))))
    x = torch.relu(branch.widen(x))
    x = x.reshape(-1, branch.stride, x.shape[1]).mean(dim=1)  # (T/5, 384)
    return torch.addmm(branch.out.bias, x, branch.out.weight.T)


def _normalise(norm: nn.LayerNorm, x: Tensor) -> Tensor:
    return nn.functional.layer_norm(x, norm.normalized_shape, norm.weight, norm.bias, norm.eps)


def _attend(x: Tensor, weight: Tensor, bias: Tensor, out: nn.Linear, heads: int) -> Tensor:
    """Return self-attention of steps (T, W)."""
    steps, width = x.shape
    scale = (width // heads) ** -0.5
    # The query's scale is in its weights.
    scaled = torch.cat([torch.full((width,), scale), torch.ones(2 * width)])
    each = torch.addmm(bias * scaled, x, (weight * scaled[:, None]).T)  # (T, 3 W)
    query, key, value = torch.split(each.reshape(steps, 3 * heads, -1).transpose(0, 1), heads)
    shares = torch.softmax(query @ key.transpose(1, 2), dim=2)  # (heads, T, T)
    joined = (shares @ value).permute(1, 0, 2).reshape(steps, width)
    return torch.addmm(out.bias, joined, out.weight.T)


def _recurrent(gru: nn.GRU, x: Tensor) -> Tensor:
    """Return both directions' states (T, H)."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    weights = [getattr(gru, f"{name}_l0{way}") for way in ("", "_reverse") for name in names]
    first = x.new_zeros(2, 1, gru.hidden_size)
    states, _ = torch.gru(x[:, None], first, weights, True, 1, 0.0, False, True, False)
    return states.reshape(len(x), -1)


def _convolve(layers: nn.Sequential, at: int, x: Tensor, padding: tuple[int, int]) -> Tensor:
    """Return what the convolution at `at`, its normalisation and ReLU make of (1, C, T, A)."""
    conv = cast("nn.Conv2d", layers[at])
    scale, shift = _affine(cast("nn.BatchNorm2d", layers[at + 1]))
    weight = conv.weight * scale[:, None, None, None]
    stride = cast("tuple[int, int]", conv.stride)
    return torch.relu(nn.functional.conv2d(x, weight, shift, stride, padding))


def _affine(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    mean, variance = (cast("Tensor", each) for each in (norm.running_mean, norm.running_var))
    scale = norm.weight / torch.sqrt(variance + norm.eps)
    return scale, norm.bias - mean * scale


def _linear(layers: nn.Sequential, at: int) -> nn.Linear:
    return cast("nn.Linear", layers[at])


def _spectra(branch: Spectra, mel: Tensor) -> tuple[Tensor, Tensor]:
    """(M, T, 64) -> (T/5, H) and (1, H)."""
    microphones, frames, bins = mel.shape
    each = torch.split(mel, 1)
    mean = sum(each[1:], each[0]) / microphones if microphones > 1 else mel
    seen = (mean - mean.amax(dim=(1, 2), keepdim=True)) / MEL_SCALE
    if microphones == 2:
        seen = torch.cat([seen, each[0] - each[1]])
    elif microphones > 2:
        seen = torch.cat([seen, mel - mean])
    whole = (seen * torch.softmax(mean, dim=1)).sum(dim=1).reshape(1, -1)  # (1, C * 64)
    first, second = _linear(branch.whole, 1), _linear(branch.whole, 4)
    scale, shift = _affine(cast("nn.BatchNorm1d", branch.whole[0]))
    bias = first.bias + first.weight @ shift
    hidden = torch.relu(torch.addmm(bias, whole, (first.weight * scale).T))
    whole = torch.addmm(second.bias, hidden, second.weight.T)
    scale, shift = _affine(branch.scale)
    pitch = branch.pitch[0].expand(1, frames, bins)
    x = torch.cat([torch.addcmul(shift[:, None, None], seen, scale[:, None, None]), pitch])[None]
    for at, padding in ((0, (2, 2)), (3, (2, 1)), (6, (1, 1))):
        x = _convolve(branch.convs, at, x, padding)
    x = x[0].permute(1, 0, 2).flatten(1)  # (T/5, 64 * 8)
    return torch.relu(branch.narrow(x)), whole


def _along(branch: Directions, mel: Tensor, gcc: Tensor, yaw: Tensor, has_motion: Tensor) -> Tensor:
    """Return features (W, 72) along the circle, as `Directions.forward`."""
    pairs, _, bins = gcc.shape
    gcc = gcc * _weights(branch, mel, gcc)  # (P, T, 64)
    around = torch.arange(-_WRAPPED, CANDIDATES + _WRAPPED) % CANDIDATES
    steered = _pool(_steer(branch, gcc, yaw, around), branch.stride)  # (P, T/5, 80)
    still = _pool(gcc, branch.stride) @ _still(branch, bins, around)
    mirror = branch.mirror[around] + _WRAPPED
    mirrored = steered.index_select(2, mirror)
    scale, shift = _affine(branch.scale)
    seen = torch.addcmul(
        shift[:, None, None], torch.cat([steered, mirrored, still]), scale[:, None, None]
    )
    steps, wide = seen.shape[1:]
    circle = branch.circle[:, around][:, None].repeat(1, steps, 1)
    x = torch.cat([seen, circle, has_motion[:, None, None].expand(1, steps, wide)])[None]
    for at in (1, 5):
        x = _convolve(branch.convs, at, x, (1, 0))
    pooled = torch.cat([x.mean(dim=2), x.amax(dim=2)], dim=1)[0]  # (W, 72)
    ridge = steered.mean(dim=1)  # (P, 80)
    both = torch.stack([ridge, ridge - mirrored.mean(dim=1)])[..., _WRAPPED:-_WRAPPED]
    size = both.abs().amax(dim=(1, 2), keepdim=True) + 1e-3
    plain = torch.cat([both, both / size]).reshape(4 * pairs, -1)
    weight, bias = branch.plain.weight[..., 0], cast("Tensor", branch.plain.bias)
    # Ridge and over as they are, then both by their size.
    each = [part * weight[:, at * pairs : (at + 1) * pairs] for at, part in _PLAIN]
    return torch.addmm(pooled + bias[:, None], torch.cat(each, dim=1), plain)


_PLAIN = ((0, 10.0), (2, 30.0), (1, 1.0), (3, 1.0))


def _weights(branch: Directions, mel: Tensor, gcc: Tensor) -> Tensor:
    """Return how much each frame counts, (T, 1)."""
    level = mel.mean(dim=(0, 2))[None]  # (1, T)
    frames = level.shape[1]
    change = torch.eye(frames) - torch.diag(torch.ones(frames - 1), 1)
    change[0, 0] = 0.0
    peak = gcc.amax(dim=2).mean(dim=0, keepdim=True)
    below = level - level.amax(dim=1, keepdim=True)
    cues = torch.cat([below, level @ change, peak, level])  # (4, T)
    first, second = _linear(branch.gate, 0), _linear(branch.gate, 2)
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


def _heat(branch: Directions, along: Tensor, second: Tensor) -> Tensor:
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


def _sectors(heat: Tensor) -> Tensor:
    """Return the logits (1, 8) of the strongest of each quarter, near and far."""
    quarters = heat.reshape(len(DISTANCES) * 4, _QUARTER).logsumexp(dim=1)
    ahead = ("front", "left", "back", "right")
    order = [far * 4 + ahead.index(name) for name in DIRECTIONS for far in range(len(DISTANCES))]
    return quarters.index_select(0, torch.tensor(order))[None]
