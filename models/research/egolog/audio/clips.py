"""Training clips for sound events: variants of each recording, and mixtures.

To augment few recordings, each is rendered at several speeds, looped where the data set padded it
with silence, and in rooms; mixtures of two of them, or of one and a synthesised sound, have known
events.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import signal
from tqdm import tqdm

from models.features import Features
from models.labels import SOUND_EVENTS
from models.recordings.datasets import esc50
from models.research.egolog.audio.yamnet import Yamnet
from models.simulation.acoustics.sounds import SoundSource, synthesise
from models.simulation.sources.measured import SoundBank
from schemas.atomic_file import atomic_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from numpy.random import Generator

RATE = 16_000
SECONDS = 5
SPEEDS = ((4, 5), (5, 6), (7, 8), (9, 10), (1, 1), (10, 9), (8, 7), (6, 5), (5, 4))
LOOPED_SHARE = 0.6
ROOM_SHARE = 0.3
SYNTHESISED_SHARE = 0.35
# The quieter sounds of a mixture, against its loudest.
MIXED_DB = (-15.0, 5.0)
PATCHES = 9
VARIANTS, VARIANT_SETS = 5, 1
MIXTURES, MIXTURE_SETS = 6000, 1

Wave = NDArray[np.float32]


@dataclass(frozen=True)
class Pool:
    """N sounds of 5 s.

    `mel` (N, 250, 64) float16; `category` (N,) index or -1 of mixtures; `events` (N, 48)
    multi-hot; `labelled` (N,) False where a sound has none of our events, so that its events are
    unknown; `yamnet` (N, 9, 1024) float16, YAMNet's embedding every 0.48 s, or (N, 0, 0) without.
    """

    mel: NDArray[np.float16]
    category: NDArray[np.int64]
    events: NDArray[np.float32]
    labelled: NDArray[np.bool_]
    yamnet: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.mel)

    def save(self, path: Path) -> None:
        """Write atomically as .npz."""
        # A file, not its name, to which numpy would add an ending.
        with atomic_path(path) as draft, draft.open("wb") as file:
            np.savez(file, **{f.name: getattr(self, f.name) for f in fields(self)})

    @classmethod
    def load(cls, path: Path) -> Pool:
        """Read what `save` wrote."""
        with np.load(path) as file:
            return cls(**{f.name: file[f.name] for f in fields(cls)})


def concatenate(pools: Sequence[Pool]) -> Pool:
    """Concatenate pools."""
    return Pool(
        **{f.name: np.concatenate([getattr(p, f.name) for p in pools]) for f in fields(Pool)}
    )


class PoolMaker:
    """Turns waveforms into pools; without a `teacher` there are no YAMNet embeddings.

    `speech` are recordings of speakers, as `models.simulation.sources.measured.read_speech` reads
    them; if empty, speech is synthesised babble.
    """

    def __init__(self, teacher: Yamnet | None, speech: Sequence[Wave] = ()) -> None:
        self._teacher = teacher
        self._sounds: SoundSource = (
            SoundBank({"speech": list(speech)}, share=1.0) if speech else synthesise
        )
        self._features = Features()

    def originals(self, clips: Sequence[esc50.Clip]) -> Pool:
        """Return the unmodified clips."""
        return self._pool(
            ((self.fit(esc50.waveform(c)), c.category, {c.event}) for c in clips),
            "originals",
            len(clips),
        )

    def variants(self, clips: Sequence[esc50.Clip], each: int, seed: int) -> Pool:
        """Return `each` variants of every clip."""
        rng = np.random.default_rng([seed, 1])
        waves = [esc50.waveform(clip) for clip in clips]
        return self._pool(
            (
                (vary(wave, rng), clip.category, {clip.event})
                for _ in range(each)
                for wave, clip in zip(waves, clips, strict=True)
            ),
            "variants",
            each * len(clips),
        )

    def mixtures(self, clips: Sequence[esc50.Clip], count: int, seed: int) -> Pool:
        """Return `count` mixtures of one to three clips and synthesised sounds."""
        rng = np.random.default_rng([seed, 2])
        waves = [esc50.waveform(clip) for clip in clips]

        def drawn() -> tuple[Wave, int]:
            if rng.random() < SYNTHESISED_SHARE:
                event = int(rng.integers(len(SOUND_EVENTS)))
                return self._rendition(event, rng), event
            index = int(rng.integers(len(clips)))
            return vary(waves[index], rng), clips[index].event

        def mixture() -> tuple[Wave, int, set[int]]:
            parts = [drawn() for _ in range(int(rng.choice([1, 2, 3], p=[0.15, 0.55, 0.3])))]
            return mix([wave for wave, _ in parts], rng), -1, {event for _, event in parts}

        return self._pool((mixture() for _ in range(count)), "mixtures", count)

    def _rendition(self, event: int, rng: Generator) -> Wave:
        wave = rendition(self._sounds, SOUND_EVENTS[event], rng, SECONDS * RATE)
        return in_room(wave, rng) if rng.random() < ROOM_SHARE else wave

    @staticmethod
    def fit(wave: Wave) -> Wave:
        """(n,) -> (5 s,), cut or padded with silence."""
        size = SECONDS * RATE
        return np.pad(wave[:size], (0, max(0, size - len(wave))))

    def _pool(
        self, sounds: Iterable[tuple[Wave, int, set[int]]], name: str, count: int | None = None
    ) -> Pool:
        mels, categories, events, labelled, yamnet = [], [], [], [], []
        for wave, category, named in tqdm(sounds, name, count, mininterval=10):
            mels.append(esc50.log_mel(wave, RATE, self._features))
            categories.append(category)
            row = np.zeros(len(SOUND_EVENTS), np.float32)
            row[[event for event in named if event >= 0]] = 1
            events.append(row)
            labelled.append(min(named) >= 0)
            if self._teacher is not None:
                yamnet.append(self._teacher(wave)[0].astype(np.float16))
        empty = np.zeros((len(mels), 0, 0), np.float16)
        return Pool(
            mel=np.stack(mels),
            category=np.array(categories, np.int64),
            events=np.stack(events),
            labelled=np.array(labelled),
            yamnet=np.stack(yamnet) if yamnet else empty,
        )


@dataclass(frozen=True)
class Pools:
    """Training and validation data: clips with a category, mixtures, and the validation clips."""

    labelled: Pool
    mixtures: Pool | None
    check: Pool


def pools(folder: Path, teacher: Path | None, cache: Path, speech: Sequence[Wave] = ()) -> Pools:
    """Return the pools of the ESC-50 `folder`, cached in the folder `cache`.

    `teacher` is YAMNet's file, or None for no teacher; `speech` is `PoolMaker`'s.
    """
    train, check = (esc50.clips(folder, split) for split in ("train", "validation"))
    maker = PoolMaker(None if teacher is None else Yamnet(teacher), speech)
    # Earlier releases cached other columns as "alone" and "taught".
    kind = "mel" if teacher is None else "yamnet"
    talk = "-speech" if speech else ""

    def cached(name: str, make: Callable[[], Pool]) -> Pool:
        path = cache / f"sounds-{kind}-{name}.npz"
        if not path.is_file():
            make().save(path)
        return Pool.load(path)

    originals = cached("originals", lambda: maker.originals(train))
    variants = [
        cached(f"variants-{seed}", lambda seed=seed: maker.variants(train, VARIANTS, seed))  # type: ignore[misc]
        for seed in range(VARIANT_SETS)
    ]
    mixtures = [
        cached(f"mixtures{talk}-{seed}", lambda seed=seed: maker.mixtures(train, MIXTURES, seed))  # type: ignore[misc]
        for seed in range(MIXTURE_SETS)
    ]
    return Pools(
        # Twice, to give unmodified clips more weight among their variants.
        labelled=concatenate([originals, originals, *variants]),
        mixtures=concatenate(mixtures),
        check=cached("validation", lambda: maker.originals(check)),
    )


def rendition(sounds: SoundSource, event: str, rng: Generator, samples: int) -> Wave:
    """Return one rendition (samples,) of an event by a drawn source."""
    source, take = (np.random.default_rng(int(rng.integers(2**32))) for _ in range(2))
    return sounds(event, source, take, samples)


def vary(wave: Wave, rng: Generator) -> Wave:
    """Return 5 s of a clip: other speed and pitch, looped or shifted, sometimes in a room."""
    up, down = SPEEDS[int(rng.integers(len(SPEEDS)))]
    if up != down:
        wave = signal.resample_poly(wave, up, down).astype(np.float32)
    size = SECONDS * RATE
    sounding = trim(wave)
    if rng.random() < LOOPED_SHARE:
        # A gap of up to 0.4 s, as between two barks.
        gap = np.zeros(int(rng.integers(0, int(0.4 * RATE))), np.float32)
        once = np.concatenate([sounding, gap]) if len(sounding) < size else sounding
        wave = np.resize(np.roll(once, -int(rng.integers(len(once)))), size)
    else:
        out = np.zeros(size + len(sounding), np.float32)
        at = int(rng.integers(0, max(1, min(size, size - len(sounding) + RATE // 2))))
        out[at : at + len(sounding)] = sounding
        wave = out[:size]
    if rng.random() < ROOM_SHARE:
        wave = in_room(wave, rng)
    peak = float(np.abs(wave).max())
    level = np.float32(10 ** (rng.uniform(-20, 0) / 20) / peak if peak > 0 else 1.0)
    # Quantised to 16 bits, as sound arrives in the pipeline.
    return (np.round(wave * level * 32767) / 32768).astype(np.float32)


def trim(wave: Wave) -> Wave:
    """Return a clip without the silence that the data set padded it with."""
    loud = np.flatnonzero(np.abs(wave) > 1e-3 * max(float(np.abs(wave).max()), 1e-9))
    if len(loud) == 0:
        return wave
    sounding = wave[loud[0] : loud[-1] + 1]
    return sounding if len(sounding) >= RATE // 10 else wave[: RATE // 2]


def in_room(wave: Wave, rng: Generator) -> Wave:
    """Return a sound with the reverberation of a drawn room: decaying, low-passed noise.

    Reverberation time 0.15 to 0.9 s, direct to reverberant energy -10 to +10 dB.
    """
    rt60_s = rng.uniform(0.15, 0.9)
    size = int(rt60_s * RATE)
    tail = rng.standard_normal(size) * np.exp(-6.9 * np.arange(size) / size)
    tail[: int(rng.uniform(0.002, 0.015) * RATE)] = 0
    damping = rng.uniform(0.0, 0.7)
    tail = signal.lfilter([1 - damping], [1, -damping], tail)
    ratio_db = rng.uniform(-10, 10)
    tail *= 10 ** (-ratio_db / 20) / np.sqrt(np.sum(tail**2))
    reverberant: Wave = wave + signal.fftconvolve(wave, tail)[: len(wave)].astype(np.float32)
    return reverberant


def mix(waves: Sequence[Wave], rng: Generator) -> Wave:
    """Add sounds at drawn levels below the first, over a drawn noise floor."""
    out = np.zeros_like(waves[0])
    for index, wave in enumerate(waves):
        level_db = 0.0 if index == 0 else rng.uniform(*MIXED_DB)
        out += wave * np.float32(10 ** (level_db / 20) / max(_loudness(wave), 1e-6))
    out += rng.standard_normal(len(out)).astype(np.float32) * np.float32(
        10 ** (rng.uniform(-70, -30) / 20)
    )
    level = 10 ** (rng.uniform(-20, 0) / 20) / max(float(np.abs(out).max()), 1e-6)
    return (np.round(out * np.float32(level) * 32767) / 32768).astype(np.float32)


def _loudness(wave: Wave) -> float:
    power = np.sort(np.square(wave[: len(wave) // 320 * 320]).reshape(-1, 320).mean(axis=1))
    return float(np.sqrt(power[-max(1, len(power) // 3) :].mean()))
