"""Physical augmentation (after UniHAR): other bodies, bindings and sensors, the same activity.

Each change is one that the world makes: a quicker gait (accelerations grow with the square of the
pace, rotations with the pace), a looser or stiffer body part, a softer mounting, a sensor with
noise, another place on a turning body. Turning the sensor changes nothing that the encoder sees
(`models.lanhar.rotation_invariant`), so it helps only networks that see raw axes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import conv1d, pad

from models.lanhar.rotation_invariant import SAMPLES


@dataclass(frozen=True)
class Augmentation:
    """How far to go; 0 leaves a change out.

    `pace` and `gain` are the spread of natural logarithms, `soft` the share of windows behind a
    softer mounting, `noise` m/s² (a tenth of it rad/s), `arm` metres between two places.
    """

    pace: float = 0.2
    gain: float = 0.2
    soft: float = 0.3
    noise: float = 0.03
    arm: float = 0.0
    rotate: bool = False


def augment(imu: Tensor, how: Augmentation, rng: Generator) -> Tensor:
    """(B, 120, 6) m/s² and rad/s -> as many, changed."""
    count = len(imu)
    out = imu
    if how.pace:
        pace = torch.exp((torch.rand(count, generator=rng) * 2 - 1) * how.pace)
        out = _paced(out, pace)
    else:
        pace = torch.ones(count)
    gains = torch.exp(torch.randn((2, count), generator=rng) * how.gain)
    gravity = out[..., :3].mean(dim=1, keepdim=True)
    shake = (out[..., :3] - gravity) * (gains[0] * pace.square())[:, None, None]
    gyro = out[..., 3:] * (gains[1] * pace)[:, None, None]
    if how.arm:
        arm = torch.randn((count, 1, 3), generator=rng) * how.arm
        shake = shake + _lever(gyro, arm)
    out = torch.cat([gravity + shake, gyro], dim=2)
    if how.soft:
        softer = _softened(out)
        chosen = torch.rand(count, generator=rng) < how.soft
        out = torch.where(chosen[:, None, None], softer, out)
    if how.noise:
        scale = torch.tensor([1.0] * 3 + [0.1] * 3) * how.noise
        out = out + torch.randn(out.shape, generator=rng) * scale
    if how.rotate:
        turn = rotations(count, rng)
        out = torch.cat([out[..., :3] @ turn, out[..., 3:] @ turn], dim=2)
    return out


def rotations(count: int, rng: Generator) -> Tensor:
    """Return (count, 3, 3) rotations, every orientation as likely."""
    q = torch.nn.functional.normalize(torch.randn((count, 4), generator=rng), dim=1)
    w, x, y, z = q.unbind(dim=1)
    rows = [
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    return torch.stack(rows, dim=1).view(count, 3, 3)


def _paced(imu: Tensor, pace: Tensor) -> Tensor:
    """Play every window `pace` times as fast; where it ends early it runs back."""
    at = torch.arange(SAMPLES) * pace[:, None]  # (B, T)
    last = SAMPLES - 1
    at = torch.where(at > last, 2 * last - at, at).clamp(0, last)
    low = at.floor().long().clamp_max(last - 1)
    share = (at - low)[..., None]
    index = low[..., None].expand(-1, -1, imu.shape[2])
    return imu.gather(1, index) * (1 - share) + imu.gather(1, index + 1) * share


def _lever(gyro: Tensor, arm: Tensor) -> Tensor:
    """Acceleration that a rigid body's rotation adds at a place `arm` metres away."""
    turned = torch.gradient(gyro, spacing=1 / 20, dim=1)[0]
    arm = arm.expand_as(gyro)
    return torch.cross(turned, arm, dim=2) + torch.cross(gyro, torch.cross(gyro, arm, dim=2), dim=2)


def _softened(imu: Tensor) -> Tensor:
    kernel = torch.tensor([0.25, 0.5, 0.25]).view(1, 1, 3).expand(6, 1, 3)
    return conv1d(pad(imu.transpose(1, 2), (1, 1), "replicate"), kernel, groups=6).transpose(1, 2)
