"""Scenes of one to three sounds, drawn for each training step, on any device.

Every draw of a recording varies its speed and pitch, start or repetitions, room, microphone and
level, and a scene's noise floor and level, to augment a few hundred recordings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torchaudio.functional import resample

from models.labels import CATEGORIES, RECOGNISED_SOUNDS
from models.research.egolog.audio.clips import RATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from models.research.egolog.recogniser.recordings import LabelledWave

# Resampling ratios (from, to): above 1 a recording becomes faster and higher.
SPEEDS: tuple[tuple[int, int], ...] = (
    (1, 1),
    (3, 4),
    (5, 6),
    (9, 10),
    (10, 9),
    (6, 5),
    (4, 3),
)
SPEED_SHARES = (0.34, 0.08, 0.12, 0.13, 0.13, 0.12, 0.08)
KIND_SHARES: dict[str, float] = {"clips": 0.55, "street": 0.2, "speech": 0.13, "made": 0.12}
SOURCES, SOURCE_SHARES = (1, 2, 3), (0.45, 0.4, 0.15)
LOOPED_SHARE, ROOM_SHARE, MICROPHONE_SHARE = 0.6, 0.3, 0.5
LONGEST_GAP_S = 0.4
OTHERS_DB = (-15.0, 5.0)
AUDIBLE_DB = -12.0
"""A source further below the scene's first may be masked, so its label counts as unknown."""

FLOOR_DB, LEVEL_DB = (-70.0, -30.0), (-35.0, 0.0)
TILT_DB = 3.0  # an octave
_STARTS = 3  # candidate starts of each crop, of which a loud one is used
_FRAME = 320
_EVERY = 16  # subsampling for the estimate of a crop's loudness
_TAIL = 14_400  # samples of the longest room


@dataclass(frozen=True)
class Scene:
    """A batch of B scenes of n samples.

    `wave` (B, n); `sounds` (B, 54) multi-hot, valid where `known` (B, 54); `categories`
    (B, 50) sums to 1 where `categorised` (B,), each source's share by its level, else to 0.
    """

    wave: Tensor
    sounds: Tensor
    known: Tensor
    categories: Tensor
    categorised: Tensor


class Scenes:
    """Draws scenes of `recordings`, all of which are in the device's memory at all speeds."""

    def __init__(self, recordings: Sequence[LabelledWave], device: torch.device) -> None:
        self.device = device
        self._category = np.array([each.category for each in recordings])
        self._sound = np.array([each.sound for each in recordings])
        self._unknown = np.zeros((len(recordings), len(RECOGNISED_SOUNDS)), bool)
        for row, each in enumerate(recordings):
            self._unknown[row, list(each.unknown)] = True
        self._draws = _chances(recordings)
        waves, starts, lengths, loudness = [], [], [], []
        at = 0
        for each in recordings:
            one = torch.from_numpy(each.wave).to(device)
            for speed in SPEEDS:
                wave = one if speed[0] == speed[1] else resample(one, *speed)
                starts.append(at)
                lengths.append(len(wave))
                loudness.append(_loudness(wave))
                waves.append((wave.clamp(-1, 1) * 32767).round().to(torch.int16))
                at += len(wave)
        shape = (len(recordings), len(SPEEDS))
        self._wave = torch.cat(waves)
        self._start = torch.tensor(starts, device=device).view(shape)
        self._length = torch.tensor(lengths, device=device).view(shape)
        self._loudness = torch.stack(loudness).view(shape)

    def draw(self, count: int, samples: int, rng: Generator) -> Scene:
        """Return `count` scenes of `samples`, a whole number of seconds."""
        torch.manual_seed(int(rng.integers(2**31)))
        sources = rng.choice(SOURCES, count, p=SOURCE_SHARES)
        scene = np.repeat(np.arange(count), sources)  # (M,)
        first = np.concatenate([[True], scene[1:] != scene[:-1]])
        rows = rng.choice(len(self._draws), len(scene), p=self._draws)
        level_db = np.where(first, 0.0, rng.uniform(*OTHERS_DB, len(scene)))
        waves = self._filter(self._crops(rows, samples, rng), scene, rng)
        at = torch.from_numpy(scene).to(self.device)
        gain = self._numbers(10 ** (level_db / 20))
        mixed = torch.zeros(count, samples, device=self.device)
        mixed.index_add_(0, at, waves * gain[:, None])
        floor = self._numbers(10 ** (rng.uniform(*FLOOR_DB, count) / 20))
        mixed += floor[:, None] * torch.randn_like(mixed)
        peak = mixed.abs().amax(dim=1, keepdim=True).clamp(min=1e-6)
        level = self._numbers(10 ** (rng.uniform(*LEVEL_DB, count) / 20))
        wave = (mixed * (level[:, None] / peak) * 32767).round() / 32768
        return self._label(wave, rows, scene, level_db)

    def _label(
        self,
        wave: Tensor,
        rows: NDArray[np.int64],
        scene: NDArray[np.int64],
        level_db: NDArray[np.float64],
    ) -> Scene:
        count = len(wave)
        sounds = np.zeros((count, len(RECOGNISED_SOUNDS)), np.float32)
        known = np.ones((count, len(RECOGNISED_SOUNDS)), bool)
        categories = np.zeros((count, len(CATEGORIES)), np.float32)
        total = np.zeros(count)
        share = 10 ** (level_db / 17)  # as between-class learning: a quarter of 10 dB's log-odds
        np.add.at(total, scene, share)
        for at in np.flatnonzero(self._unknown[rows].any(axis=1)):
            known[scene[at]] &= ~self._unknown[rows[at]]
        audible = level_db >= AUDIBLE_DB
        known[scene[~audible], self._sound[rows[~audible]]] = False
        sounds[scene[audible], self._sound[rows[audible]]] = 1
        known[scene[audible], self._sound[rows[audible]]] = True
        of = self._category[rows]
        has = of >= 0
        np.add.at(categories, (scene[has], of[has]), (share / total[scene])[has])
        part = categories.sum(axis=1)
        categorised = part >= 0.5
        categories /= np.maximum(part, 1e-6)[:, None]
        categories[~categorised] = 0
        return Scene(
            wave,
            torch.from_numpy(sounds).to(self.device),
            torch.from_numpy(known).to(self.device),
            torch.from_numpy(categories).to(self.device),
            torch.from_numpy(categorised).to(self.device),
        )

    def _crops(self, rows: NDArray[np.int64], samples: int, rng: Generator) -> Tensor:
        """(M,) -> (M, samples), normalised to equal loudness of each recording's loudest part."""
        count = len(rows)
        speed = rng.choice(len(SPEEDS), count, p=SPEED_SHARES)
        at = torch.from_numpy(rows).to(self.device), torch.from_numpy(speed).to(self.device)
        start, length, loudness = self._start[at], self._length[at], self._loudness[at]
        looped = self._numbers(rng.random(count)) < LOOPED_SHARE
        gap = self._numbers(rng.uniform(0, LONGEST_GAP_S * RATE, count)).long()
        # Without looping, the next repetition begins after the crop's end.
        period = torch.where(looped, length + gap, length + samples)
        # A crop begins within the sound or, where that is short, up to most of the crop before it.
        before = torch.where(looped, torch.zeros_like(length), (samples - length // 2).clamp(min=0))
        after = torch.where(looped, period, (length - samples).clamp(min=0) + 1)
        drawn = torch.rand(count, _STARTS, device=self.device)
        offset = (drawn * (after + before)[:, None]).long() - before[:, None]  # (M, 3)

        def gathered(offset: Tensor, every: int) -> Tensor:
            steps = torch.arange(0, samples, every, device=self.device)
            place = (offset[..., None] + steps) % _wide(period, offset)
            inside = place < _wide(length, offset)
            index = _wide(start, offset) + torch.where(inside, place, 0)
            return self._wave[index].float() * inside / 32767

        power = gathered(offset, _EVERY).square().mean(dim=2)  # (M, 3)
        loud = power >= 0.3 * power.amax(dim=1, keepdim=True)
        pick = torch.where(loud, torch.rand_like(power), -1.0).argmax(dim=1)
        chosen = offset.gather(1, pick[:, None])[:, 0]
        return gathered(chosen, 1) / loudness.clamp(min=1e-4)[:, None]

    def _filter(self, waves: Tensor, scene: NDArray[np.int64], rng: Generator) -> Tensor:
        """Apply a room and a microphone to each source (M, n), or leave it unchanged."""
        count, samples = waves.shape
        size = _fast(samples + _TAIL)
        spectrum = torch.fft.rfft(waves, size)
        hertz = torch.fft.rfftfreq(size, 1 / RATE, device=self.device)
        octaves = (hertz.clamp(min=100) / 1000).log2()
        scenes = int(scene.max()) + 1
        tilt = rng.normal(0, TILT_DB, scenes) * (rng.random(scenes) < MICROPHONE_SHARE)
        tilt = tilt[scene] + rng.normal(0, TILT_DB / 2, count)
        gain = 10 ** ((self._numbers(tilt)[:, None] * octaves).clamp(-25, 15) / 20)
        spectrum *= gain
        some = torch.from_numpy(np.flatnonzero(rng.random(count) < ROOM_SHARE)).to(self.device)
        if len(some):
            spectrum[some] *= self._rooms(len(some), size, rng)
        out: Tensor = torch.fft.irfft(spectrum, size)[:, :samples]
        return out

    def _rooms(self, count: int, size: int, rng: Generator) -> Tensor:
        """Return spectra (R, size // 2 + 1) of rooms as `audio_clips.in_room` draws them."""
        length = self._numbers(rng.uniform(0.15, 0.9, count) * RATE)[:, None]
        delay = self._numbers(rng.uniform(0.002, 0.015, count) * RATE)[:, None]
        damping = self._numbers(rng.uniform(0.0, 0.7, count))[:, None]
        ratio = self._numbers(10 ** (-rng.uniform(-10, 10, count) / 20))[:, None]
        step = torch.arange(_TAIL, device=self.device, dtype=torch.float32)
        tail = torch.randn(count, _TAIL, device=self.device) * torch.exp(-6.9 * step / length)
        tail *= (step >= delay) & (step < length)
        turn = torch.linspace(0, torch.pi, size // 2 + 1, device=self.device)
        late = torch.fft.rfft(tail, size) * (1 - damping) / (1 - damping * torch.exp(-1j * turn))
        energy = late.abs().square().mean(dim=1, keepdim=True)
        out: Tensor = 1 + late * ratio / energy.sqrt().clamp(min=1e-6)
        return out

    def _numbers(self, values: NDArray[np.float64]) -> Tensor:
        return torch.from_numpy(values.astype(np.float32)).to(self.device)


def _chances(recordings: Sequence[LabelledWave]) -> NDArray[np.float64]:
    """Return sampling probabilities (N,): within a kind, labels are equally likely."""
    labels: dict[str, dict[tuple[int, int], list[int]]] = {}
    for row, each in enumerate(recordings):
        of_kind = labels.setdefault(each.kind, {})
        of_kind.setdefault((each.sound, each.category), []).append(row)
    chances = np.zeros(len(recordings))
    for kind, of_kind in labels.items():
        for rows in of_kind.values():
            chances[rows] = KIND_SHARES[kind] / (len(of_kind) * len(rows))
    shares: NDArray[np.float64] = chances / chances.sum()
    return shares


def _wide(values: Tensor, like: Tensor) -> Tensor:
    """(M,) -> (M, 1) or, beside offsets (M, 3), (M, 1, 1)."""
    return values.view(-1, *(1,) * like.ndim)


def _loudness(wave: Tensor) -> Tensor:
    """(n,) -> the root of the mean power of its loudest third."""
    power = wave[: max(1, len(wave) // _FRAME) * _FRAME].square()
    frames = power.view(-1, _FRAME).mean(dim=1) if len(wave) >= _FRAME else power.mean()[None]
    return frames.topk(max(1, len(frames) // 3)).values.mean().sqrt()


def _fast(size: int) -> int:
    """Return the next multiple of 8,000, of small factors only where sizes are of a few seconds."""
    return -(-size // 8_000) * 8_000
