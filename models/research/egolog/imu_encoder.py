"""Trains the IMU encoder in the manner of LIMU-BERT, with its motion head (EgoLog §4.1.2, §4.4.1).

Real wearers' windows teach the motion classes and the activities; hidden stretches of them are to
be rebuilt, as LIMU-BERT does it; composed days add the activities that no head recording has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    interpolate,
    mse_loss,
)

from models.egolog.imu_encoder import ImuEncoder
from models.egolog.motion_channels import MOTION_CHANNELS, motion_channels
from models.labels import ACTIVITIES, MOTIONS
from models.research.egolog.augment import remounted
from models.research.lib.fit import Fit, fit
from models.research.lib.metrics import macro_f1

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from models.recordings.datasets.real_motion import MotionWindows
    from models.research.egolog.composed_days import Days

BATCH = 64
COMPOSED = 48
# Rows of 20 ms a window is cut to: the scenario's segments, the activity's windows, all there is.
LENGTHS = (100, 100, 250, 300)
REBUILD_WEIGHT = 0.3
HIDDEN_SHARE = 0.15
# People differ in pace, sensors in noise (m/s² and rad/s).
SPEED = (0.85, 1.18)
NOISE = (0.03, 0.01)


@dataclass(frozen=True)
class ImuWindows:
    """Real windows `imu` (N, 300, 6), `motion` and `activity` (N,), -1 where there is none."""

    imu: Tensor
    motion: NDArray[np.int64]
    activity: NDArray[np.int64]
    weight: NDArray[np.float64]

    @classmethod
    def of(cls, motion: MotionWindows) -> ImuWindows:
        """Weigh windows so that rare classes are drawn more often."""
        both = motion.motion * 100 + motion.activity
        _, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
        weight = 1 / np.sqrt(counts[inverse])
        return cls(
            torch.from_numpy(motion.imu), motion.motion, motion.activity, weight / weight.sum()
        )


class ImuWithHeads(nn.Module):
    """The encoder and the heads that are thrown away after training."""

    def __init__(self, encoder: ImuEncoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.activity = nn.Linear(encoder.config.features, len(ACTIVITIES))
        self.rebuild = nn.Linear(encoder.config.width, MOTION_CHANNELS)


def train(
    real: MotionWindows | None,
    check: MotionWindows | None,
    days: Days | None,
    settings: Fit,
    seed: int,
) -> ImuEncoder:
    """Return an encoder trained on windows of training users; `check` are other users'."""
    torch.manual_seed(seed)
    model = ImuWithHeads(ImuEncoder())
    windows = ImuWindows.of(real) if real is not None else None

    def loss_of(rng: Generator) -> Tensor:
        loss = torch.zeros(())
        if windows is not None:
            loss = loss + _real_loss(model, windows, rng)
        if days is not None:
            loss = loss + _composed_loss(model, days, rng)
        return loss

    def score_of() -> float:
        score = 0.0
        if check is not None:
            score += motion_f1(model.encoder, check)
        if days is not None:
            score += 0.5 * _activity_accuracy(model, check)
        return score

    fitted = fit("imu encoder", model, loss_of, score_of, settings, seed)
    print(f"imu encoder: validation score {fitted.score:.3f}")
    return model.encoder


def motion_f1(encoder: ImuEncoder, windows: MotionWindows) -> float:
    """Macro-F1 of the motion classes of windows that have one (EgoLog §4.4.1)."""
    predicted, true = motion_classes(encoder, windows)
    return macro_f1(predicted, true)


def motion_classes(
    encoder: ImuEncoder, windows: MotionWindows
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the likeliest and the true motion class of each window that has one."""
    moving = windows.motion >= 0
    with torch.inference_mode():
        parts = torch.split(torch.from_numpy(windows.imu[moving]), 256)
        logits = torch.cat([encoder(part).logits for part in parts])
    return logits.argmax(dim=1).numpy(), windows.motion[moving]


def _real_loss(model: ImuWithHeads, windows: ImuWindows, rng: Generator) -> Tensor:
    rows = rng.choice(len(windows.imu), BATCH, p=windows.weight)
    length = int(rng.choice(LENGTHS))
    imu = _varied(windows.imu[rows], rng)
    spare = imu.shape[1] - length
    # A change of posture lies anywhere in its window, but rarely at its ends.
    start = int(rng.integers(spare // 4, max(spare // 4 + 1, 3 * spare // 4 + 1)))
    imu = imu[:, start : start + length]
    motion, activity = windows.motion[rows], windows.activity[rows]
    hidden, mask = _hidden(imu, rng)
    tokens = model.encoder.tokens(hidden)  # (B, N/4, W)
    moved = model.encoder.pooled(tokens)
    loss = binary_cross_entropy_with_logits(moved.logits, _motion_target(motion))
    moving = torch.from_numpy(motion >= 0)
    if moving.any():
        loss = loss + 0.5 * cross_entropy(
            moved.logits[moving], torch.from_numpy(motion)[moving], label_smoothing=0.05
        )
    known = torch.from_numpy(activity >= 0)
    loss = loss + 0.5 * cross_entropy(
        model.activity(moved.features[known]), torch.from_numpy(activity)[known]
    )
    return loss + REBUILD_WEIGHT * _rebuilt(model, tokens, imu, mask)


def _composed_loss(model: ImuWithHeads, days: Days, rng: Generator) -> Tensor:
    clip = rng.integers(0, len(days), COMPOSED)
    seconds = int(rng.choice((2, 5)))
    first = rng.integers(0, days.seconds - seconds + 1, COMPOSED)
    rows = (first * 50)[:, None] + np.arange(seconds * 50)
    imu = torch.from_numpy(days.imu[clip[:, None], rows])  # (B, T, 6)
    activity = days.activities[clip, first + seconds // 2].astype(np.int64)
    moved = model.encoder(remounted(imu, rng))
    return 0.7 * cross_entropy(
        model.activity(moved.features), torch.from_numpy(activity), label_smoothing=0.05
    )


def _activity_accuracy(model: ImuWithHeads, check: MotionWindows | None) -> float:
    if check is None:
        return 0.0
    known = check.activity >= 0
    with torch.inference_mode():
        parts = torch.split(torch.from_numpy(check.imu[known]), 256)
        predicted = torch.cat(
            [model.activity(model.encoder(part).features).argmax(1) for part in parts]
        )
    return macro_f1(predicted.numpy(), check.activity[known])


def _varied(imu: Tensor, rng: Generator) -> Tensor:
    """Another mounting, a slower or faster person, another sensor's noise: (B, N, 6)."""
    turned = remounted(imu, rng)
    speed = float(rng.uniform(*SPEED))
    rows = round(imu.shape[1] / speed)
    faster = interpolate(turned.transpose(1, 2), size=rows, mode="linear", align_corners=True)
    faster = faster.transpose(1, 2)
    if rows < imu.shape[1]:
        faster = torch.cat([faster, faster.flip(1)], dim=1)
    faster = faster[:, : imu.shape[1]].contiguous()
    # Turning faster takes the same angle in less time.
    faster[..., 3:] *= speed
    scale = torch.from_numpy(rng.normal(1, 0.05, (len(imu), 1, 1)).astype(np.float32))
    noise = torch.from_numpy(rng.standard_normal(faster.shape, dtype=np.float32))
    sizes = torch.tensor([NOISE[0]] * 3 + [NOISE[1]] * 3) * float(rng.uniform(0, 2))
    out: Tensor = faster * scale + noise * sizes
    return out


def _hidden(imu: Tensor, rng: Generator) -> tuple[Tensor, Tensor]:
    """Hold a random stretch of each window at its first value; True where it is hidden."""
    count = imu.shape[1]
    length = max(4, round(HIDDEN_SHARE * count))
    starts = rng.integers(0, count - length, len(imu))
    mask = torch.zeros(imu.shape[:2], dtype=torch.bool)
    out = imu.clone()
    for item in np.flatnonzero(rng.random(len(imu)) < 0.5):
        span = slice(int(starts[item]), int(starts[item]) + length)
        mask[item, span] = True
        out[item, span] = out[item, span][:1]
    return out, mask


def _rebuilt(model: ImuWithHeads, tokens: Tensor, imu: Tensor, mask: Tensor) -> Tensor:
    if not mask.any():
        return torch.zeros(())
    stride = model.encoder.config.stride
    want = motion_channels(imu)[:, ::stride]  # (B, N/4, 10)
    kept = mask[:, ::stride]
    count = min(tokens.shape[1], want.shape[1])
    rebuilt = model.rebuild(tokens)[:, :count]
    return mse_loss(rebuilt[kept[:, :count]], want[:, :count][kept[:, :count]])


def _motion_target(motions: NDArray[np.int64]) -> Tensor:
    """Indices, -1 for still -> (B, 4) multi-hot."""
    target = np.zeros((len(motions), len(MOTIONS)), np.float32)
    moving = motions >= 0
    target[moving, motions[moving]] = 1
    return torch.from_numpy(target)
