"""LanHAR's sensor encoder, taught to read from acceleration what it reads from all motion."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Generator, Tensor

from models.lanhar.resample import to_20_hz
from models.lanhar.rotation_invariant import channels_and_measures
from models.lanhar.sensor_encoder import Inputs
from models.lanhar.space import TEMPERATURE
from models.research.lanhar.training.last_layers import (
    chances,
    first_right_f1,
    postures,
    right_labels,
)
from models.research.lanhar.training.losses import any_right
from models.research.lanhar.training.one_cycle import train_one_cycle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.lanhar.sensor_encoder import SensorEncoder
    from models.recordings.datasets.labelled_windows import LabelledWindows

_RATE = 50.0
_AT_ONCE = 512


@dataclass(frozen=True)
class AccelerationSettings:
    """Lengths and weights; the others are those of `...lanhar.training.last_layers`.

    `alike` weighs how near a window is to the teacher's vector of all of its motion.
    """

    steps: int = 1200
    rate: float = 1e-3
    batch: int = 240
    rarer: float = 0.75
    hidden: float = 0.5
    jitter: float = 0.2
    smoothing: float = 0.1
    alike: float = 2.0


@dataclass(frozen=True)
class SensorWindows:
    """N windows as the branches see them: `inputs` with raw measures.

    `right` (N, F) says which labels in force are, `chance` (N,) how often a window is drawn.
    """

    inputs: Inputs
    right: Tensor
    chance: Tensor

    @classmethod
    def of(
        cls, windows: LabelledWindows, in_force: Sequence[str], rarer: float = 0.0
    ) -> SensorWindows:
        """Return windows of motion, each wearer's in their order."""
        even = np.stack([to_20_hz(each, _RATE) for each in windows.imu])
        parts = [
            channels_and_measures(part)
            for part in np.array_split(even, max(1, -(-len(even) // _AT_ONCE)))
        ]
        seen, measured = map(np.concatenate, zip(*parts, strict=True))
        posture = torch.tensor(postures(windows), dtype=torch.float32)
        chance = torch.tensor(chances(windows, in_force, rarer))
        return cls(
            Inputs(torch.from_numpy(seen), torch.from_numpy(measured), posture),
            right_labels(windows, in_force),
            chance,
        )


@torch.inference_mode()
def vectors_of(encoder: SensorEncoder, windows: SensorWindows) -> Tensor:
    """Return the unit vectors (N, 128) of windows."""
    given = windows.inputs
    every = (given[rows] for rows in torch.split(torch.arange(len(given)), _AT_ONCE))
    return torch.cat([encoder.embed(encoder.standardised(*_columns(each))) for each in every])


def train_sensor_encoder(
    teacher: SensorEncoder,
    whole: Sequence[SensorWindows],
    alone: Sequence[SensorWindows],
    in_force: Tensor,
    seed: int,
    settings: AccelerationSettings = AccelerationSettings(),
) -> SensorEncoder:
    """Return a student that starts as its teacher, for the windows `alone` without rotation.

    `whole` are the same windows with rotation. A batch has as many windows of every part.
    """
    rng = Generator().manual_seed(seed)
    torch.manual_seed(seed)
    student = copy.deepcopy(teacher).requires_grad_(True)
    _standardise(student, whole, alone)
    wanted = [vectors_of(teacher, part) for part in whole]
    each = settings.batch // len(alone)

    def loss_of(_step: int) -> Tensor:
        drawn = [torch.multinomial(part.chance, each, True, generator=rng) for part in alone]
        given = Inputs.together([p.inputs[rows] for p, rows in zip(alone, drawn, strict=True)])
        inputs = student.standardised(*_columns(given))
        hide = torch.rand(len(given), generator=rng) < settings.hidden
        noise = torch.randn(given.values.shape, generator=rng) * settings.jitter
        vectors = student.embed(
            replace(
                inputs,
                values=inputs.values + noise,
                posture=torch.where(hide[:, None], 0.0, inputs.posture),
            )
        )
        right = torch.cat([part.right[rows] for part, rows in zip(alone, drawn, strict=True)])
        known = right.any(dim=1)
        logits = vectors[known] @ in_force.T / TEMPERATURE
        loss = any_right(logits, right[known], settings.smoothing)
        near = torch.cat([part[rows] for part, rows in zip(wanted, drawn, strict=True)])
        return loss + settings.alike * (1 - (vectors * near).sum(dim=1)).mean()

    student.train()
    train_one_cycle(student.parameters(), loss_of, settings.steps, settings.rate, decay=0.05)
    return student.eval()


def score(
    encoder: SensorEncoder, windows: SensorWindows, names: Sequence[str], in_force: Tensor
) -> float:
    """Return the macro-F1 of the labels in force, each window by itself."""
    return first_right_f1(vectors_of(encoder, windows) @ in_force.T, windows.right, names)


def _standardise(
    student: SensorEncoder, whole: Sequence[SensorWindows], alone: Sequence[SensorWindows]
) -> None:
    """Set centre and spread of the measures that rotation takes part in, in place."""
    with_it, without = (torch.cat([part.inputs.values for part in each]) for each in (whole, alone))
    other = (with_it - without).abs().mean(dim=0) > 0.01 * student.spread
    student.centre[other] = without.mean(dim=0)[other]
    student.spread[other] = without.std(dim=0)[other] + 1e-3


def _columns(inputs: Inputs) -> tuple[Tensor, Tensor, Tensor]:
    return inputs.channels, inputs.values, inputs.posture
