"""`models.egolog.localization` of one second: the same in fewer steps.

A second is so little that much of its time went into steps between the products. Here everything is
one or two-dimensional, and what follows from weights alone stands apart from what is heard, so that
ONNX Runtime computes it once, when a graph is loaded. Sums are taken in another order:
probabilities differ by some 1e-6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from models.egolog.localization import MEL_SCALE, MICROPHONES
from models.egolog.motion_channels import GRAVITY
from models.egolog.movement_compensation import CANDIDATES, RATE
from models.research.served_localization.directions import along_circle, heat_of, sector_logits
from models.research.served_localization.layers import (
    affine,
    attend,
    convolve,
    linear,
    normalise,
    recurrent,
)
from schemas.evidence import DIRECTIONS, DISTANCES

if TYPE_CHECKING:
    from models.egolog.localization import ImuBranch, Localization, Spectra


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
    probabilities, heat = _localize(network, maps, imu, has_imu)
    if heat is None:
        raise ValueError("one microphone hears no direction; expected two or more")
    return probabilities, heat.reshape(len(DISTANCES), CANDIDATES)


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
    x = recurrent(network.gru, torch.cat([audio_spectra, paced], dim=1))  # (T/5, H)
    x = normalise(network.norm, x + attend(network.attention, x))
    x = torch.relu(network.join(torch.cat([x, turned], dim=1)))
    second = x.mean(dim=0, keepdim=True) + whole  # (1, H)
    heat = None
    if network.directions is None:
        logits = network.region_logits(torch.relu(second))
    else:
        along = along_circle(network.directions, mel, gcc, yaw, has_motion)  # (W, 72)
        features = [torch.relu(second), along.mean(dim=1)[None], along.amax(dim=1)[None]]
        heat = heat_of(network.directions, along, second)  # (1, 2, 1, 72)
        shares = network.share.repeat(len(DIRECTIONS))
        logits = torch.addcmul(
            network.region_logits(torch.cat(features, dim=1)), sector_logits(heat), shares
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
        x = x + attend(layer.self_attn, normalise(layer.norm1, x))
        x = x + layer.linear2(torch.relu(layer.linear1(normalise(layer.norm2, x))))
    x = torch.relu(branch.widen(x))
    x = x.reshape(-1, branch.stride, x.shape[1]).mean(dim=1)  # (T/5, 384)
    return torch.addmm(branch.out.bias, x, branch.out.weight.T)


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
    first, second = linear(branch.whole, 1), linear(branch.whole, 4)
    scale, shift = affine(cast("nn.BatchNorm1d", branch.whole[0]))
    bias = first.bias + first.weight @ shift
    hidden = torch.relu(torch.addmm(bias, whole, (first.weight * scale).T))
    whole = torch.addmm(second.bias, hidden, second.weight.T)
    scale, shift = affine(branch.scale)
    pitch = branch.pitch[0].expand(1, frames, bins)
    x = torch.cat([torch.addcmul(shift[:, None, None], seen, scale[:, None, None]), pitch])[None]
    for at, padding in ((0, (2, 2)), (3, (2, 1)), (6, (1, 1))):
        x = convolve(branch.convs, at, x, padding)
    x = x[0].permute(1, 0, 2).flatten(1)  # (T/5, 64 * 8)
    return torch.relu(branch.narrow(x)), whole
