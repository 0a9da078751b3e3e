"""Trains the sound encoder: ESC-50's categories and our sound events, with YAMNet as teacher.

Every batch holds clips with a category, some mixed in pairs in power (between-class learning), and
mixtures of several sounds. All train the sound events; where YAMNet's embeddings of the same sound
exist, an auxiliary head also regresses them, every 0.48 s. The result is an exponential moving
average of the trained weights.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool1d, cross_entropy, one_hot
from torch.nn.functional import binary_cross_entropy_with_logits as binary_cross_entropy

from models.egolog.audio_encoder import AudioOutput, SoundEncoder
from models.labels import CATEGORIES, SOUND_EVENTS
from models.network.low_precision import low_precision
from models.research.egolog.audio.augment import augment, between
from models.research.egolog.audio.categories import clip_logits
from models.research.egolog.audio.clips import PATCHES, Pool, Pools
from models.research.egolog.audio.optimisation import follow, optimisers, take_step
from models.research.lib.metrics import accuracy
from models.research.lib.schedule import moments

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator
    from numpy.typing import NDArray

# Steps of 20 ms between YAMNet's patches, and of 160 ms that a patch covers and advances.
PATCH_HOP = 24
PATCH_STEPS, PATCH_STRIDE = 6, 3
CROPS = (120, 120, 168, 240)
BATCH_STEPS = 48 * 120
MIXTURE_SHARE = 0.33
BETWEEN_SHARE = 0.35
BETWEEN_DB = 8.0
SMOOTHING = 0.1
EVENTS_WEIGHT = 4.0
YAMNET_WEIGHT = 2.0
RATE = 2e-3
WARM_UP_STEPS = 100
LOWEST_SHARE = 0.01
"""Of the learning rate, at the end of a training."""
# Horizon of the moving average, and its update interval: an update costs as much as a layer.
MEAN_STEPS = 300
MEAN_EVERY = 4


@dataclass(frozen=True)
class SoundFit:
    """How long and how fast: `minutes` of wall clock, or `steps` if that comes first."""

    minutes: float
    rate: float = RATE
    decay: float = 0.05
    checks: int = 6
    steps: int | None = None


class Crops:
    """Draws non-silent crops of a pool, with YAMNet's embeddings of them."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self._level = pool.mel.astype(np.float32).mean(axis=2)  # (N, 250)
        # One scale for all: each by its own would give YAMNet's rarest units the most weight.
        some = pool.yamnet[:2000].astype(np.float32)
        self.deviation = float(np.sqrt(some.var(axis=(0, 1)).mean())) if some.size else 1.0

    def draw(
        self, rows: NDArray[np.int64], length: int, rng: Generator
    ) -> tuple[Tensor, NDArray[np.int64]]:
        """Return (B, length, 64) and the patch (B,) that each crop begins at."""
        starts = np.arange(0, self._level.shape[1] - length + 1, PATCH_HOP)
        sums = np.cumsum(np.pad(self._level[rows], ((0, 0), (1, 0))), axis=1)
        level = sums[:, starts + length] - sums[:, starts]  # (B, S)
        good = level >= 0.8 * level.max(axis=1, keepdims=True)
        pick = np.where(good, rng.random(good.shape), -1.0).argmax(axis=1)
        index = starts[pick][:, None] + np.arange(length)
        mel = self.pool.mel[rows[:, None], index].astype(np.float32)
        return torch.from_numpy(mel), pick

    def yamnet(self, rows: NDArray[np.int64], patch: NDArray[np.int64], count: int) -> Tensor:
        """Return YAMNet's embeddings (B, count, 1024) from `patch` on, in standard deviations.

        (B, 0, 0) if the pool has none.
        """
        if self.pool.yamnet.size == 0:
            return torch.zeros(len(rows), 0, 0)
        index = patch[:, None] + np.arange(count)
        known = self.pool.yamnet[rows[:, None], index].astype(np.float32)
        return torch.from_numpy(known / self.deviation)


class AudioWithHead(nn.Module):
    """The encoder with the auxiliary head for YAMNet's embeddings, used in training only."""

    def __init__(self, encoder: SoundEncoder, width: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Conv1d(encoder.config.maps, width, 1)

    def forward(self, mel: Tensor) -> tuple[AudioOutput, Tensor]:
        """(B, T, 64) -> the encoder's output, and an embedding (B, P, 1024) for every patch."""
        steps = self.encoder.steps(mel)
        patches = avg_pool1d(steps, PATCH_STEPS, PATCH_STRIDE)  # (B, 512, P)
        return self.encoder.pool(steps), self.head(patches).transpose(1, 2)


class SoundLoss:
    """Draws a batch and returns its loss."""

    def __init__(self, labelled: Pool, mixtures: Pool | None = None) -> None:
        self.labelled = Crops(labelled)
        self.mixtures = Crops(mixtures) if mixtures is not None else None

    def __call__(self, model: AudioWithHead, rng: Generator) -> Tensor:
        """Draw a batch, a third of it mixtures, and return the sum of all losses."""
        length = int(rng.choice(CROPS))
        batch = BATCH_STEPS // length
        extra = int(MIXTURE_SHARE * batch) if self.mixtures is not None else 0
        single, category, events, known, patches, alone = self._single(batch - extra, length, rng)
        mels = [single]
        if self.mixtures is not None:
            pool = self.mixtures.pool
            rows = rng.integers(0, len(pool), extra)
            mel, patch = self.mixtures.draw(rows, length, rng)
            mels.append(mel)
            events = torch.cat([events, torch.from_numpy(pool.events[rows])])
            known = torch.cat([known, torch.from_numpy(pool.labelled[rows])])
            if patches.shape[2]:
                more = self.mixtures.yamnet(rows, patch, patches.shape[1])
                patches = torch.cat([patches, more])
            alone = torch.cat([alone, torch.ones(extra, dtype=torch.bool)])
        mel = augment(torch.cat(mels), rng)
        with low_precision():
            output, embedding = model(mel)
        loss = cross_entropy(
            output.categories[: len(single)].float(), category, label_smoothing=SMOOTHING
        )
        loss = loss + EVENTS_WEIGHT * binary_cross_entropy(
            output.logits[known, : len(SOUND_EVENTS)].float(), events[known]
        )
        if patches.shape[2]:
            error = (embedding[alone].float() - patches[alone]).square().mean()
            loss = loss + YAMNET_WEIGHT * error
        return loss

    def _single(
        self, count: int, length: int, rng: Generator
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Clips, some with another mixed in, whose category is then shared by loudness."""
        pool = self.labelled.pool
        rows = rng.integers(0, len(pool), count)
        others = rng.integers(0, len(pool), count)
        mel, patch = self.labelled.draw(rows, length, rng)
        second, _ = self.labelled.draw(others, length, rng)
        mixed = rng.random(count) < BETWEEN_SHARE
        above_db = torch.from_numpy(rng.normal(0, BETWEEN_DB, count).astype(np.float32))
        chosen = torch.from_numpy(mixed)
        mel = torch.where(chosen[:, None, None], between(mel, second, above_db), mel)
        weight = torch.where(chosen, torch.sigmoid(above_db / 4), 1.0)[:, None]
        first, other = (
            one_hot(torch.from_numpy(pool.category[drawn]), len(CATEGORIES))
            for drawn in (rows, others)
        )
        events = torch.from_numpy(pool.events[rows])
        both = torch.maximum(events, torch.from_numpy(pool.events[others]))
        events = torch.where(chosen[:, None], both, events)
        known = torch.from_numpy(pool.labelled[rows] & (~mixed | pool.labelled[others]))
        patches = min(PATCHES, (length // 8 - PATCH_STEPS) // PATCH_STRIDE + 1)
        yamnet = self.labelled.yamnet(rows, patch, patches)
        return mel, weight * first + (1 - weight) * other, events, known, yamnet, ~chosen


def score(encoder: SoundEncoder, pool: Pool) -> tuple[float, float]:
    """Return top-1 and the negated cross-entropy of the categories of whole clips."""
    encoder.eval()
    with torch.inference_mode():
        logits = clip_logits(encoder, torch.from_numpy(pool.mel.astype(np.float32)))
    loss = cross_entropy(logits, torch.from_numpy(pool.category))
    return accuracy(logits.argmax(dim=1).numpy(), pool.category), -float(loss)


def train(
    pools: Pools,
    settings: SoundFit,
    seed: int,
    start: SoundEncoder | None = None,
    after_check: Callable[[SoundEncoder], None] | None = None,
) -> SoundEncoder:
    """Return the moving average of an encoder trained for the given time, from `start` if given.

    The validation score is printed at intervals; `after_check` then receives the moving average.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    encoder = SoundEncoder() if start is None else copy.deepcopy(start).requires_grad_(True)
    model = AudioWithHead(encoder, max(1, pools.labelled.yamnet.shape[2]))
    # Several times as fast on a CPU's matrix units; the weights are the same either way.
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    mean = copy.deepcopy(encoder).requires_grad_(False)
    loss_of = SoundLoss(pools.labelled, pools.mixtures)
    steppers = optimisers(model, settings.rate, settings.decay)
    losses: list[float] = []
    for moment in moments("sound events", settings.minutes, settings.steps, settings.checks):
        if moment.is_check:
            top1, fit = score(mean, pools.check)
            moment.bar.set_postfix_str(
                f"step {moment.step} loss {np.mean(losses[-100:]):.3f} "
                f"top-1 {top1:.3f} log-likelihood {fit:.3f}"
            )
            moment.bar.refresh()
            if after_check is not None:
                after_check(mean)
        if moment.done >= 1:
            break
        model.train()
        loss = loss_of(model, rng)
        take_step(loss, steppers, model, moment.rate(settings.rate, WARM_UP_STEPS, LOWEST_SHARE))
        losses.append(float(loss.detach()))
        step = moment.step + 1
        if step % MEAN_EVERY == 0:
            keep = min(1 - 1 / MEAN_STEPS, step / (step + 10))
            follow(mean, encoder, keep**MEAN_EVERY)
    return mean.eval()
