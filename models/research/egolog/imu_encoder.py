"""Trains the IMU encoder in the manner of LIMU-BERT, with its motion head (EgoLog §4.1.2, §4.4.1).

Real wearers' windows train the motion classes and the activities, and masked reconstruction as in
LIMU-BERT; composed days add the activities without head recordings.
"""

from __future__ import annotations

import copy
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
    pad,
)

from models.egolog.imu_encoder import ImuEncoder
from models.egolog.motion_channels import MOTION_CHANNELS, motion_channels
from models.labels import ACTIVITIES, MOTIONS
from models.research.egolog.augment import remount
from models.research.lib.fit import Fit, fit
from models.research.lib.metrics import macro_f1

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from models.recordings.datasets.real_motion import MotionWindows
    from models.research.egolog.days.composed import Days

BATCH = 64
COMPOSED = 48
# Window lengths in rows of 20 ms: the scenario's segments, the activity's windows, whole windows.
LENGTHS = (100, 100, 100, 150, 250, 300)
CHECKED_LENGTHS = (100, 250)
# Share of the labelled span that a crop's middle may lie in, away from changes of motion.
WITHIN = 0.8
# Share of posture changes that are reversed: standing up becomes sitting down; few have both.
BACKWARDS = 0.3
REBUILD_WEIGHT = 0.3
HIDDEN_SHARE = 0.15
# People differ in pace, sensors in noise (m/s² and rad/s).
SPEED = (0.85, 1.18)
NOISE = (0.03, 0.01)
_UP, _DOWN = (MOTIONS.index(name) for name in ("standing up", "sitting down"))
_OTHER_WAY = {_UP: _DOWN, _DOWN: _UP}


@dataclass(frozen=True)
class ImuWindows:
    """Real windows, with each one's sampling probability (N,)."""

    windows: MotionWindows
    weight: NDArray[np.float64]

    @classmethod
    def of(cls, windows: MotionWindows) -> ImuWindows:
        """Weigh windows so that data sets are drawn alike, and their rare classes more often."""
        weight = np.zeros(len(windows))
        for source in np.unique(windows.source):
            at = windows.source == source
            both = windows.motion[at] * 100 + windows.activity[at]
            _, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
            even = 1 / np.sqrt(counts[inverse])
            weight[at] = even / even.sum()
        return cls(windows, weight / weight.sum())


class ImuWithHeads(nn.Module):
    """The encoder and its auxiliary heads, which are used in training only."""

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
    begin: ImuEncoder | None = None,
) -> ImuEncoder:
    """Return an encoder trained on windows of training users; `check` are other users'.

    It starts from a copy of `begin` where that is given.
    """
    torch.manual_seed(seed)
    model = ImuWithHeads(ImuEncoder() if begin is None else copy.deepcopy(begin))
    model.requires_grad_(True)
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
            score += float(np.mean(list(class_f1(model.encoder, check).values())))
        if days is not None:
            score += 0.5 * _activity_accuracy(model, check)
        return score

    fitted = fit("imu encoder", model, loss_of, score_of, settings, seed)
    print(f"imu encoder: validation score {fitted.score:.3f}")
    return model.encoder


def class_f1(encoder: ImuEncoder, windows: MotionWindows) -> dict[str, float]:
    """Return the macro-F1 of the motion class by source, including the still class.

    It is the mean over crops of `CHECKED_LENGTHS` around the windows' middles.
    """
    true = np.where(windows.motion < 0, len(MOTIONS), windows.motion)
    by_source: dict[str, list[float]] = {}
    for length in CHECKED_LENGTHS:
        spare = (windows.imu.shape[1] - length) // 2
        imu = torch.from_numpy(windows.imu[:, spare : spare + length])
        with torch.inference_mode():
            logits = torch.cat([encoder(part).logits for part in torch.split(imu, 256)])
        # The still class is predicted if no class is above 0.5.
        predicted = torch.cat([logits, torch.zeros(len(logits), 1)], dim=1).argmax(dim=1).numpy()
        for source in np.unique(windows.source):
            at = windows.source == source
            f1 = macro_f1(predicted[at], true[at])
            by_source.setdefault(str(source), []).append(f1)
    return {source: float(np.mean(scores)) for source, scores in by_source.items()}


def motion_classes(
    encoder: ImuEncoder, windows: MotionWindows
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the likeliest and the true motion class (§4.4.1), (N,), of windows with one."""
    moving = windows.motion >= 0
    with torch.inference_mode():
        parts = torch.split(torch.from_numpy(windows.imu[moving]), 256)
        logits = torch.cat([encoder(part).logits for part in parts])
    return logits.argmax(dim=1).numpy(), windows.motion[moving]


def _real_loss(model: ImuWithHeads, of: ImuWindows, rng: Generator) -> Tensor:
    windows = of.windows
    rows = rng.choice(len(windows), BATCH, p=of.weight)
    motion, activity = windows.motion[rows], windows.activity[rows]
    imu = torch.from_numpy(_cut(windows, rows, int(rng.choice(LENGTHS)), rng))
    imu, motion, activity = _backwards(imu, motion, activity, rng)
    imu = _augment(imu, rng)
    hidden, mask = _hidden(imu, rng)
    tokens = model.encoder.tokens(hidden)  # (B, N/4, W)
    output = model.encoder.pool(tokens)
    loss = binary_cross_entropy_with_logits(output.logits, _motion_target(motion))
    # The still class has a logit of 0: it is predicted if no class is above 0.5.
    logits = torch.cat([output.logits, torch.zeros(len(imu), 1)], dim=1)  # (B, 5)
    which = torch.from_numpy(np.where(motion < 0, len(MOTIONS), motion))
    loss = loss + cross_entropy(logits, which, label_smoothing=0.05)
    known = torch.from_numpy(activity >= 0)
    if known.any():
        loss = loss + 0.5 * cross_entropy(
            model.activity(output.features[known]), torch.from_numpy(activity)[known]
        )
    return loss + REBUILD_WEIGHT * _rebuilt(model, tokens, imu, mask)


def _cut(
    windows: MotionWindows, rows: NDArray[np.int64], length: int, rng: Generator
) -> NDArray[np.float32]:
    """Return random crops (B, length, 6) whose middles lie in the labelled span."""
    count = windows.imu.shape[1]
    slack = np.minimum(WITHIN * windows.slack[rows], (count - length) / 2)
    start = (count - length) / 2 + rng.uniform(-1, 1, len(rows)) * slack
    at = start.astype(np.int64)[:, None] + np.arange(length)  # (B, length)
    cut: NDArray[np.float32] = windows.imu[rows[:, None], at]
    return cut


def _backwards(
    imu: Tensor, motion: NDArray[np.int64], activity: NDArray[np.int64], rng: Generator
) -> tuple[Tensor, NDArray[np.int64], NDArray[np.int64]]:
    """Reverse some posture changes in time: accelerations stay, rotations change sign."""
    motion, activity, imu = motion.copy(), activity.copy(), imu.clone()
    chosen = np.isin(motion, list(_OTHER_WAY)) & (rng.random(len(motion)) < BACKWARDS)
    for item in np.flatnonzero(chosen):
        imu[item] = imu[item].flip(0)
        imu[item, :, 3:] *= -1
        motion[item] = _OTHER_WAY[int(motion[item])]
        activity[item] = ACTIVITIES.index(MOTIONS[motion[item]])
    return imu, motion, activity


def _composed_loss(model: ImuWithHeads, days: Days, rng: Generator) -> Tensor:
    clip = rng.integers(0, len(days), COMPOSED)
    seconds = int(rng.choice((2, 5)))
    first = rng.integers(0, days.seconds - seconds + 1, COMPOSED)
    rows = (first * 50)[:, None] + np.arange(seconds * 50)
    imu = torch.from_numpy(days.imu[clip[:, None], rows])  # (B, T, 6)
    activity = days.activities[clip, first + seconds // 2].astype(np.int64)
    output = model.encoder(remount(imu, rng))
    return 0.7 * cross_entropy(
        model.activity(output.features), torch.from_numpy(activity), label_smoothing=0.05
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


def _augment(imu: Tensor, rng: Generator) -> Tensor:
    """Augment (B, N, 6) with another mounting, speed of movement and sensor noise."""
    turned = remount(imu, rng)
    speed = float(rng.uniform(*SPEED))
    count = imu.shape[1]
    rows = round(count / speed)
    faster = interpolate(turned.transpose(1, 2), size=rows, mode="linear", align_corners=True)
    # The middle stays in the middle; missing rows at both ends are filled by reflection.
    spare = max(0, count - rows)
    faster = pad(faster, (spare // 2, spare - spare // 2), mode="reflect")
    begin = (faster.shape[2] - count) // 2
    faster = faster[..., begin : begin + count].transpose(1, 2).contiguous()
    # The same angle in less time is a higher angular rate.
    faster[..., 3:] *= speed
    scale = torch.from_numpy(rng.normal(1, 0.05, (len(imu), 1, 1)).astype(np.float32))
    noise = torch.from_numpy(rng.standard_normal(faster.shape, dtype=np.float32))
    sizes = torch.tensor([NOISE[0]] * 3 + [NOISE[1]] * 3) * float(rng.uniform(0, 2))
    out: Tensor = faster * scale + noise * sizes
    return out


def _hidden(imu: Tensor, rng: Generator) -> tuple[Tensor, Tensor]:
    """Mask a random span of each window with its first value; return the mask too."""
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
