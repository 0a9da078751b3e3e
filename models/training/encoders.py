"""Trains both encoders: contrastive pairs, sound events, motion, and what they will serve.

Beside EgoLog's contrastive loss the encoders learn their own heads (§4.4.1) and, through heads
that are thrown away, the scenario and the activity, so that two seconds already carry scenario
information before the sequence model sees them (§4.1.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from models.contrastive import Encoders, contrastive_loss
from models.labels import ACTIVITIES, MOTIONS, SCENARIOS, SOUND_EVENTS
from models.training.augment import bands_blanked, blanked, coloured, remounted
from models.training.clips import Clips
from models.training.fit import Fit, fit
from models.training.metrics import accuracy, mean_average_precision
from models.training.sources import Sources

PAIRS = 48
REAL_SOUNDS = 24
REAL_MOTIONS = 32
SEGMENT = 100  # steps of 20 ms
SCENARIO_PAIRS_WEIGHT = 0.3
CLIPS = {"train": 1800, "validation": 200}
# Rows of 20 ms that a label's clip may be shifted by, so that a segment is rarely seen twice.
SHIFT = 25


@dataclass(frozen=True)
class Segments:
    """2 s segments of clips: (N, S, ...) arrays with S segments a clip."""

    mel: NDArray[np.float16]
    imu: NDArray[np.float32]
    events: NDArray[np.float32]
    motions: NDArray[np.int64]
    scenarios: NDArray[np.float32]
    activities: NDArray[np.int64]

    @classmethod
    def of(cls, clips: Clips) -> Segments:
        """Cut clips; a segment's activity is that of the 5 s its middle lies in."""
        count = clips.events.shape[1]
        middle = (np.arange(count) * 2 + 1) // 5
        return cls(
            mel=clips.mel,
            imu=clips.imu,
            events=clips.events,
            motions=clips.motions,
            scenarios=clips.scenarios,
            activities=clips.activities[:, np.minimum(middle, clips.activities.shape[1] - 1)],
        )


class _Heads(nn.Module):
    """Heads that only training needs, one pair for each encoder."""

    def __init__(self, features: int) -> None:
        super().__init__()
        outputs = len(SCENARIOS) + len(ACTIVITIES)
        self.audio = nn.Linear(features, outputs)
        self.imu = nn.Linear(features, outputs)


class Trained(nn.Module):
    """The encoders and the heads that are thrown away after training."""

    def __init__(self, encoders: Encoders) -> None:
        super().__init__()
        self.encoders = encoders
        self.heads = _Heads(encoders.config.audio.features)


def _cut(values: NDArray[np.floating[Any]], starts: NDArray[np.int64]) -> Tensor:
    """(B, T, F) -> (B, 100, F) from `starts` on."""
    rows = starts[:, None] + np.arange(SEGMENT)
    return torch.from_numpy(np.take_along_axis(values, rows[:, :, None], 1).astype(np.float32))


def pairs_loss(model: Trained, data: Segments, rng: Generator) -> Tensor:
    """Draw a segment from each of up to 64 clips and return the loss of all tasks."""
    clip = rng.permutation(len(data.mel))[:PAIRS]
    segment = rng.integers(0, data.events.shape[1], len(clip))
    starts = segment * SEGMENT + rng.integers(-SHIFT, SHIFT + 1, len(clip))
    starts = np.clip(starts, 0, data.mel.shape[1] - SEGMENT)
    mel = _cut(data.mel[clip], starts)  # (B, 100, 64)
    imu = _cut(data.imu[clip], starts)  # (B, 100, 6)
    mel = bands_blanked(blanked(coloured(mel, rng), rng, 0.2, 50), rng)
    heard = model.encoders.audio(mel)
    moved = model.encoders.imu(blanked(remounted(imu, rng), rng, 0.1, 50))
    scenario = torch.from_numpy(data.scenarios[clip])  # (B, 16)
    activity = torch.from_numpy(data.activities[clip, segment])  # (B,)
    logits = model.encoders.logits(heard.embedding, moved.embedding)  # (B, B)
    loss = contrastive_loss(logits) * 0.5
    loss = loss + SCENARIO_PAIRS_WEIGHT * contrastive_loss(
        logits, "scenario", scenario.argmax(dim=1)
    )
    loss = loss + 5.0 * binary_cross_entropy_with_logits(
        heard.logits, torch.from_numpy(data.events[clip, segment])
    )
    motion = _motion_target(data.motions[clip, segment])
    loss = loss + binary_cross_entropy_with_logits(moved.logits, motion)
    for features, head in ((heard.features, model.heads.audio), (moved.features, model.heads.imu)):
        of_scenario, of_activity = head(features).split([len(SCENARIOS), len(ACTIVITIES)], dim=1)
        loss = loss + 2.0 * binary_cross_entropy_with_logits(of_scenario, scenario)
        loss = loss + 0.5 * cross_entropy(of_activity, activity)
    return loss


def _motion_target(motions: NDArray[np.int64]) -> Tensor:
    """Indices, -1 for still -> (B, 4) multi-hot."""
    target = np.zeros((len(motions), len(MOTIONS)), np.float32)
    moving = motions >= 0
    target[moving, motions[moving]] = 1
    return torch.from_numpy(target)


class RealSounds:
    """ESC-50 clips cut to 2 s where they sound, two mixed now and then."""

    def __init__(self, mel: NDArray[np.float16], event: NDArray[np.int64]) -> None:
        self.mel, self.event = mel.astype(np.float32), event
        loud = self.mel.mean(axis=2)  # (N, 250)
        kernel = np.ones(SEGMENT) / SEGMENT
        level = np.stack([np.convolve(row, kernel, "valid") for row in loud])  # (N, 151)
        self.good = level >= 0.85 * level.max(axis=1, keepdims=True)

    def loss(self, encoders: Encoders, rng: Generator) -> Tensor:
        """Draw a batch and return its sound-event loss."""
        rows = rng.integers(0, len(self.mel), REAL_SOUNDS)
        starts = np.array([rng.choice(np.flatnonzero(self.good[row])) for row in rows])
        mel = coloured(_cut(self.mel[rows], starts), rng)
        target = np.zeros((len(rows), len(SOUND_EVENTS)), np.float32)
        target[np.arange(len(rows)), self.event[rows]] = 1
        # Powers add; counted from the floor, a sum of powers is a logaddexp.
        quarter = len(rows) // 4
        mel[:quarter] = torch.logaddexp(mel[:quarter], mel[quarter : 2 * quarter])
        target[:quarter] = np.maximum(target[:quarter], target[quarter : 2 * quarter])
        mel = bands_blanked(blanked(mel, rng, 0.2, 50), rng)
        logits = encoders.audio(mel).logits
        return 5.0 * binary_cross_entropy_with_logits(logits, torch.from_numpy(target))

    def score(self, encoders: Encoders) -> float:
        """Return the share of clips whose likeliest event, of 2 s, is theirs."""
        best = self.good.argmax(axis=1)
        logits = encoders.audio(_cut(self.mel, best)).logits.numpy()
        return accuracy(logits.argmax(axis=1), self.event)


class _RealMotions:
    """ClassyGlass and HAPT windows cut to 2 s around their middle."""

    def __init__(
        self, imu: NDArray[np.float32], motion: NDArray[np.int64], activity: NDArray[np.int64]
    ) -> None:
        self.imu, self.motion, self.activity = imu, motion, activity
        _, inverse, counts = np.unique(motion, return_inverse=True, return_counts=True)
        # The square root keeps the rare changes of posture from being lost, and from ruling.
        weight = 1 / np.sqrt(counts[inverse])
        self.weight = weight / weight.sum()

    def loss(self, model: Trained, rng: Generator) -> Tensor:
        rows = rng.choice(len(self.imu), REAL_MOTIONS, p=self.weight)
        middle = (self.imu.shape[1] - SEGMENT) // 2
        starts = middle + rng.integers(-SHIFT, SHIFT + 1, len(rows))
        moved = model.encoders.imu(remounted(_cut(self.imu[rows], starts), rng))
        loss = binary_cross_entropy_with_logits(moved.logits, _motion_target(self.motion[rows]))
        known = self.activity[rows] >= 0
        of_activity = model.heads.imu(moved.features)[:, len(SCENARIOS) :]
        target = torch.from_numpy(self.activity[rows][known])
        return loss + 0.5 * cross_entropy(of_activity[torch.from_numpy(known)], target)


def sound_event_map(encoders: Encoders, data: Segments) -> float:
    """Return the mean average precision of the sound events of all segments."""
    probability = []
    count = data.events.shape[1]
    for mel in data.mel:
        segments = torch.from_numpy(mel[: count * SEGMENT].astype(np.float32))
        probability.append(encoders.audio(segments.view(count, SEGMENT, -1)).logits.numpy())
    truth = data.events.reshape(-1, data.events.shape[-1])
    return mean_average_precision(np.concatenate(probability), truth)


def motion_map(encoders: Encoders, data: Segments) -> float:
    """Return the mean average precision of the motion classes of all segments."""
    count = data.motions.shape[1]
    logits = [
        encoders.imu(torch.from_numpy(imu[: count * SEGMENT]).view(count, SEGMENT, -1)).logits
        for imu in data.imu
    ]
    return mean_average_precision(
        torch.cat(logits).numpy(), _motion_target(data.motions.reshape(-1)).numpy()
    )


def train(
    sources: dict[str, Sources], settings: Fit, seed: int, start: Encoders | None = None
) -> Encoders:
    """Return trained encoders, trained further from `start` if given."""
    torch.manual_seed(seed)
    encoders = Encoders() if start is None else start.requires_grad_(True)
    # Twice as fast to train on a CPU; the weights are the same either way.
    encoders.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    model = Trained(encoders)
    data, check = (
        Segments.of(sources[split].both("scenario", count)) for split, count in CLIPS.items()
    )
    sounds, check_sounds = sources["train"].sounds(), sources["validation"].sounds()
    motions = sources["train"].motion()
    real_sounds = RealSounds(sounds.mel, sounds.event) if sounds else None
    real_check = RealSounds(check_sounds.mel, check_sounds.event) if check_sounds else None
    real_motions = _RealMotions(motions.imu, motions.motion, motions.activity) if motions else None

    def loss_of(rng: Generator) -> Tensor:
        loss = pairs_loss(model, data, rng)
        if real_sounds is not None:
            loss = loss + real_sounds.loss(encoders, rng)
        if real_motions is not None:
            loss = loss + real_motions.loss(model, rng)
        return loss

    def score_of() -> float:
        score = sound_event_map(encoders, check) + motion_map(encoders, check)
        return score + (real_check.score(encoders) if real_check is not None else 0.0)

    fitted = fit("encoders", model, loss_of, score_of, settings, seed)
    print(f"encoders: validation score {fitted.score:.3f} (sum of event mAP, motion mAP, ESC-50)")
    return encoders
