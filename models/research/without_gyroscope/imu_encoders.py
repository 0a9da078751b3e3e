"""The two IMU encoders, taught to make of acceleration what they make of all motion."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from numpy.random import default_rng
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss

from models.egolog.imu_encoder import MIDDLE_ROWS
from models.recordings.datasets.labelled_windows import ROWS
from models.research.egolog.augment import remount
from models.research.lanhar.training.one_cycle import train_one_cycle
from models.research.without_gyroscope.motion import without_rotation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.egolog.contrastive import Encoders

LENGTHS = (ROWS, MIDDLE_ROWS)
"""Rows of an activity's window and of a scenario's segment."""

_AT_ONCE = 512


@dataclass(frozen=True)
class EncoderSettings:
    """Lengths of training."""

    steps: int = 900
    rate: float = 1e-3
    batch: int = 48


@dataclass(frozen=True)
class Made:
    """What encoders make of windows (B, N, 6).

    `features` (B, F), those of each second (B, n, F), and the logits of the motion classes (B, 4).
    """

    features: Tensor
    seconds: Tensor
    logits: Tensor

    @classmethod
    def of(cls, encoders: Encoders, imu: Tensor) -> Made:
        """Encode windows."""
        features, seconds = encoders.imu_by_second(imu)
        return cls(features, seconds, encoders.imu(imu).logits)


def train_imu_encoders(
    teacher: Encoders,
    parts: Sequence[Tensor],
    seed: int,
    settings: EncoderSettings = EncoderSettings(),
) -> Encoders:
    """Return a student that starts as its teacher; `parts` are windows (N, rows, 6) of one length.

    A batch has windows of one part, parts take turns, and each window is mounted anew. What has no
    gyroscope is compared with what the teacher makes of all of it.
    """
    rng, chance = default_rng(seed), torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    student = copy.deepcopy(teacher)
    learned = [*student.imu.parameters(), *student.shared_imu.parameters()]
    for parameter in learned:
        parameter.requires_grad_(True)
    scale = torch.cat([_features(teacher, part[:_AT_ONCE]) for part in parts]).var(dim=0).mean()

    def loss_of(step: int) -> Tensor:
        part = parts[step % len(parts)]
        chosen = torch.randint(len(part), (settings.batch,), generator=chance)
        imu = remount(part[chosen], rng)
        with torch.no_grad():
            wanted = Made.of(teacher, imu)
        made = Made.of(student, without_rotation(imu))
        return (
            mse_loss(made.features, wanted.features) / scale
            + mse_loss(made.seconds, wanted.seconds) / scale
            + binary_cross_entropy_with_logits(made.logits, wanted.logits.sigmoid())
        )

    student.imu.train()
    student.shared_imu.train()
    train_one_cycle(learned, loss_of, settings.steps, settings.rate)
    return student.eval().requires_grad_(False)


@torch.inference_mode()
def _features(encoders: Encoders, imu: Tensor) -> Tensor:
    return encoders.imu_features(imu)
