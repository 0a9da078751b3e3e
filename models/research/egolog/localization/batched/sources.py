"""The sources of rendered clips: where they are, when they sound, and how loud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from models.research.egolog.localization.batched.clip import BEFORE_S, CLIP_S, KEPT_S, SAMPLES
from models.simulation.acoustics.sounds.dsp import FS

AUDIBLE_DB = -25.0


@dataclass(frozen=True)
class Placements:
    """How clips are drawn.

    `counts` the probabilities of 0 to 3 sources; `border` the share of sources whose distance is
    drawn log-uniformly over `whole_m`, the others are clearly near or far; `still` the share of
    clips in which the head does not move at all.
    """

    rooms: dict[str, float]
    counts: tuple[float, ...] = (0.05, 0.5, 0.3, 0.15)
    border: float = 1.0
    whole_m: tuple[float, float, float] = (0.15, 1.0, 6.0)
    clear_m: tuple[tuple[float, float], tuple[float, float]] = ((0.2, 0.8), (1.5, 6.0))
    still: float = 0.0


class Sources(NamedTuple):
    """N sources of clips, each source a row.

    `clip` (N,) and `slot` (N,) say which source of which clip it is, of at most `slots`; `near`
    (N,) whether it turns with the wearer, `distance` (N,) in m, `azimuth` (N,) in rad from the
    head's first direction, `start` and `stop` (N,) in s, `level_db` (N,) of full scale.
    """

    slots: int
    clip: Tensor
    slot: Tensor
    near: Tensor
    distance: Tensor
    azimuth: Tensor
    start: Tensor
    stop: Tensor
    level_db: Tensor

    @classmethod
    def draw(cls, placing: Placements, clips: int, rng: torch.Generator) -> Sources:
        """Draw the sources of clips."""
        device = rng.device
        shares = torch.tensor(placing.counts, device=device)
        counts = torch.multinomial(shares, clips, replacement=True, generator=rng)
        slots = len(placing.counts) - 1
        clip = (torch.arange(slots, device=device) < counts[:, None]).nonzero()[:, 0]
        first_of = torch.cumsum(counts, 0) - counts
        slot = torch.arange(len(clip), device=device) - first_of[clip]
        count = len(clip)

        def uniform() -> Tensor:
            return torch.rand(count, generator=rng, device=device)

        near = uniform() < 0.5
        low, middle, high = (float(np.log(v)) for v in placing.whole_m)
        u = uniform()
        even = torch.where(near, low + (middle - low) * u, middle + (high - middle) * u).exp()
        (a, b), (c, d) = placing.clear_m
        clear = torch.where(near, a + (b - a) * u, c + (d - c) * u)
        distance = torch.where(uniform() < placing.border, even, clear)
        azimuth = (2 * uniform() - 1) * torch.pi
        begins = uniform() < 0.25
        start = torch.where(begins, uniform() * (CLIP_S - 1), 0.0)
        ends = uniform() < 0.25
        stop = torch.where(ends, start + 1 + uniform() * (CLIP_S - 1 - start), float(CLIP_S))
        level_db = (-27 + 4 * torch.randn(count, generator=rng, device=device)).clamp(-38, -18)
        return cls(slots, clip, slot, near, distance, azimuth, start, stop, level_db)

    def at_levels(self, waves: Tensor) -> tuple[Tensor, Tensor]:
        """Return `waves` (N, 2, 48000) at their levels, (N, 2, 32000), and what is heard (N, 2)."""
        waves = waves[: len(self.clip)]
        gain = 10 ** (self.level_db / 20)
        gain = gain / loudness(waves, self.stop - self.start).clamp(min=1e-9)
        waves = waves * gain[:, None, None]
        kept = waves[..., BEFORE_S * FS :]
        power = kept.square().reshape(len(waves), 2, KEPT_S, FS).mean(dim=(1, 3))
        is_audible = 10 * torch.log10(power.clamp(min=1e-12)) > self.level_db[:, None] + AUDIBLE_DB
        return kept, is_audible


def envelope(start: Tensor, stop: Tensor) -> Tensor:
    """Return (N, 48000) that lets sounds begin and end softly, as the mixer does."""
    t = torch.arange(SAMPLES, device=start.device) / FS
    fade = 0.1
    rise = ((t - start[:, None]) / fade).clamp(0, 1)
    fall = ((stop[:, None] - t) / fade).clamp(0, 1)
    return torch.sin(0.5 * torch.pi * rise) * torch.sin(0.5 * torch.pi * fall)


def loudness(waves: Tensor, lasts_s: Tensor) -> Tensor:
    """Return the level (N,) of the loudest third of the 20 ms frames while a sound lasts."""
    count = len(waves)
    frames = waves.reshape(count, 2, waves.shape[2] // 320, 320).square().mean(dim=(1, 3))
    ordered = frames.sort(dim=1, descending=True).values.cumsum(1)
    third = (lasts_s * 50 / 3).long().clamp(1, frames.shape[1])
    return (ordered.gather(1, third[:, None] - 1)[:, 0] / third).sqrt()
