"""The contrastive stage (EgoLog §4.1.2): copies of both encoders are trained to share a space.

They are trained on 2 s segments of composed days. Auxiliary heads keep each modality's own
information in its copy: near and far sound events, and activities.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from models.egolog.contrastive import Encoders, Positive, contrastive_loss
from models.labels import ACTIVITIES, SOUND_EVENTS
from models.network.low_precision import low_precision
from models.research.egolog.audio.augment import between
from models.research.egolog.augment import remount, vary_microphone
from models.research.egolog.days.composed import FRAMES, Days
from models.research.egolog.days.encoded import SEGMENT_S, EncodedDays
from models.research.lib.column_dataset import ColumnDataset
from models.research.lib.fit import Fit, fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

BATCH = 160
CHECKS = 4
EVENTS_WEIGHT = 8.0
ACTIVITY_WEIGHT = 0.3
COLOURED, REMOUNTED, DISTURBED = 0.5, 0.4, 0.3
# Level of a second stretch that is mixed in as another far sound: mean and deviation.
DISTURBED_DB = (8.0, 5.0)
_RETRIEVED_AMONG = 32


@dataclass(frozen=True)
class SegmentPairs(ColumnDataset):
    """B segments of 2 s: (B, 100, 64), (B, 100, 6), (B, 16), (B, 96) and (B,)."""

    mel: Tensor
    imu: Tensor
    scenarios: Tensor
    events: Tensor
    activity: Tensor


@dataclass(frozen=True)
class StageLosses:
    """The losses of the stage: contrastive in the shared `space`, and supervised on `labels`.

    Ablations omit either; without both the copies stay unchanged.
    """

    space: bool = True
    labels: bool = True


class SpaceWithHeads(nn.Module):
    """The copies, the space, and the auxiliary heads, which are used in training only."""

    def __init__(self, encoders: Encoders) -> None:
        super().__init__()
        config = encoders.config
        self.audio, self.imu = encoders.shared_audio, encoders.shared_imu
        self.space = encoders.space
        self.events = nn.Linear(config.audio.features, 2 * len(SOUND_EVENTS))
        self.activity = nn.Linear(config.imu.features, len(ACTIVITIES))
        # The layers below the copy are frozen, so they are not part of this module.
        self._low = encoders.audio.low

    def train(self, mode: bool = True) -> SpaceWithHeads:
        """Set the mode, but keep the encoders' normalisation statistics."""
        super().train(mode)
        for module in (*self.audio.modules(), *self.imu.modules()):
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.eval()
        return self

    def forward(self, segments: SegmentPairs, positive: Positive) -> tuple[Tensor, Tensor]:
        """Return the contrastive loss and that of the heads."""
        with low_precision(device=segments.mel.device.type):
            with torch.no_grad():
                low = self._low(segments.mel)
            audio = self.audio(low)  # (B, 256)
            imu = self.imu(segments.imu).features  # (B, 128)
        audio, imu = audio.float(), imu.float()
        shared = self._shared(audio, imu, positive, segments.scenarios)
        own = EVENTS_WEIGHT * binary_cross_entropy_with_logits(self.events(audio), segments.events)
        own = own + ACTIVITY_WEIGHT * cross_entropy(self.activity(imu), segments.activity)
        return shared, own

    def _shared(self, audio: Tensor, imu: Tensor, positive: Positive, scenarios: Tensor) -> Tensor:
        of_audio, of_imu = self.space.of_audio(audio), self.space.of_imu(imu)
        across = contrastive_loss(self.space.logits(of_audio, of_imu), positive, scenarios)
        if positive == "sample":
            return across
        # With a common scenario two sounds, or two motions, are a positive pair too.
        within = [
            contrastive_loss(self.space.logits(of, of), positive, scenarios, itself=False)
            for of in (of_audio, of_imu)
        ]
        return (across + within[0] + within[1]) / 3


def train(
    encoders: Encoders,
    days: Sequence[Days],
    check: Days,
    positive: Positive,
    settings: Fit,
    seed: int,
    losses: StageLosses = StageLosses(),
    device: str = "cpu",
    batch: int = BATCH,
) -> Encoders:
    """Train the copies and the space with one of the paper's two definitions of a positive pair.

    A step takes `batch` segments. The encoders are changed in place and returned, on `device`;
    their own label heads are unchanged.
    """
    torch.manual_seed(seed)
    encoders.to(device).begin_sharing()
    if not (losses.space or losses.labels):
        return encoders.eval()
    encoders.requires_grad_(True)
    trained_space = SpaceWithHeads(encoders).to(device)
    rng = np.random.default_rng(0)
    checked = [_draw([check], rng, batch).to(device) for _ in range(CHECKS)]

    def loss_on(segments: SegmentPairs) -> Tensor:
        shared, own = trained_space(segments, positive)
        loss: Tensor = shared * losses.space + own * losses.labels
        return loss

    def loss_of(rng: Generator) -> Tensor:
        return loss_on(_augment(days, _draw(days, rng, batch), rng).to(device))

    def score_of() -> float:
        return -float(np.mean([float(loss_on(segments)) for segments in checked]))

    fitted = fit(f"contrastive, {positive}", trained_space, loss_of, score_of, settings, seed)
    print(f"contrastive, {positive}: validation loss {-fitted.score:.3f}")
    return encoders.eval()


def retrieval(encoders: Encoders, days: EncodedDays, seed: int = 0) -> float:
    """Return the top-1 retrieval of a sound's own motion among 32 from different stretches."""
    rng = np.random.default_rng(seed)
    space, hits = encoders.space, []
    with torch.inference_mode():
        for _ in range(64):
            rows = rng.permutation(len(days))[:_RETRIEVED_AMONG]
            at = rng.integers(0, days.audio.shape[1], len(rows))
            logits = space.logits(
                space.of_audio(days.audio[rows, at]), space.of_imu(days.imu[rows, at])
            )
            hits.append((logits.argmax(1) == torch.arange(len(rows))).float().mean())
    return float(torch.stack(hits).mean())


def _draw(days: Sequence[Days], rng: Generator, count: int) -> SegmentPairs:
    sizes = np.array([len(part) for part in days])
    parts = rng.choice(len(days), count, p=sizes / sizes.sum())
    pieces = [_cut(days[part], int((parts == part).sum()), rng) for part in np.unique(parts)]
    return SegmentPairs.concatenate(pieces)


def _cut(days: Days, count: int, rng: Generator) -> SegmentPairs:
    rows = rng.integers(0, len(days), count)
    at = rng.integers(0, days.seconds - SEGMENT_S + 1, count)
    frames = (at * FRAMES)[:, None] + np.arange(SEGMENT_S * FRAMES)
    seconds = at[:, None] + np.arange(SEGMENT_S)
    events = days.events[rows[:, None], seconds].any(axis=1).reshape(count, -1)

    def column(values: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(values.astype(np.float32))

    return SegmentPairs(
        mel=column(days.mel[rows[:, None], frames]),
        imu=torch.from_numpy(days.imu[rows[:, None], frames]),
        scenarios=column(days.scenarios[rows, at + SEGMENT_S // 2]),
        events=column(events),
        activity=torch.from_numpy(days.activities[rows, at + SEGMENT_S // 2].astype(np.int64)),
    )


def _augment(days: Sequence[Days], segments: SegmentPairs, rng: Generator) -> SegmentPairs:
    """Augment segments with other microphones, mountings and far sounds."""
    count = len(segments.mel)
    mel, imu, events = segments.mel, segments.imu, segments.events.clone()
    some = torch.from_numpy(np.flatnonzero(rng.random(count) < DISTURBED))
    if len(some):
        others = _draw(days, rng, len(some))
        above_db = torch.from_numpy(rng.normal(*DISTURBED_DB, len(some)).astype(np.float32))
        mel = mel.clone()
        mel[some] = between(mel[some], others.mel, above_db)
        near, far = others.events.chunk(2, dim=1)
        events[some, near.shape[1] :] = torch.maximum(
            events[some, near.shape[1] :], torch.maximum(near, far)
        )
    chosen = torch.from_numpy(rng.random((count, 1, 1)) < COLOURED)
    mel = torch.where(chosen, vary_microphone(mel, rng), mel)
    chosen = torch.from_numpy(rng.random((count, 1, 1)) < REMOUNTED)
    imu = torch.where(chosen, remount(imu, rng), imu)
    return SegmentPairs(mel, imu, segments.scenarios, events, segments.activity)
