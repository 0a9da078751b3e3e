"""Training recordings of the recogniser, each of a single labelled sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.labels import CATEGORIES, RECOGNISED_SOUNDS, SOUND_EVENTS
from models.recordings.datasets import esc50, urbansound8k
from models.recordings.shared_data import ESC50, SPEECH, URBANSOUND8K
from models.recordings.unseen import split_elsewhere
from models.research.egolog.audio.clips import RATE, SECONDS, rendition, trim
from models.research.egolog.recogniser.sound_names import SAME_CATEGORY, UNKNOWN_BESIDE, sound_of
from models.simulation.acoustics.sounds import synthesise
from models.simulation.sources.measured import read_speech

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from models.recordings.splits import Split

Wave = NDArray[np.float32]

KINDS: tuple[str, ...] = ("clips", "street", "speech", "made")
"""ESC-50's, UrbanSound8K's, speakers, and synthesised sounds."""

RENDITIONS = 12
"""Of each sound event; babble, which is no speech, is not among them."""

_SPEECH = RECOGNISED_SOUNDS.index("speech")


@dataclass(frozen=True)
class LabelledWave:
    """One sound.

    `wave` (n,) at 16 kHz without silence around it; `category` indexes ESC-50's `CATEGORIES`, -1
    where it is none of them; `sound` indexes `RECOGNISED_SOUNDS`; for those in `unknown` it is not
    labelled whether they are present.
    """

    kind: str
    wave: Wave
    category: int
    sound: int
    unknown: tuple[int, ...] = ()


def read_recordings(
    data: Path, split: Split, seed: int, renditions: int = RENDITIONS
) -> list[LabelledWave]:
    """Read all recordings of `split` in the folder `data`, and synthesise some.

    Raises `Esc50Error` or `UrbanSoundError` if a folder lacks files that its table lists.
    """
    recordings = [
        _label("clips", esc50.waveform(clip), CATEGORIES[clip.category])
        for clip in esc50.clips(data / ESC50, split)
    ]
    if (data / URBANSOUND8K / urbansound8k.TABLE).is_file():
        recordings += [
            _label("street", esc50.read_mono(path, RATE), category)
            for path, category in urbansound8k.clips(
                data / URBANSOUND8K, split, split_elsewhere(data)
            )
        ]
    recordings += [LabelledWave("speech", wave, -1, _SPEECH) for wave in _talk(data, split)]
    recordings += list(_synthesise(np.random.default_rng([seed, 7]), renditions))
    return [each for each in recordings if np.abs(each.wave).max(initial=0.0) > 0]


def _label(kind: str, wave: Wave, category: str) -> LabelledWave:
    named = SAME_CATEGORY.get(category, category)
    return LabelledWave(
        kind,
        trim(wave),
        CATEGORIES.index(named) if named in CATEGORIES else -1,
        sound_of(category),
        tuple(RECOGNISED_SOUNDS.index(name) for name in UNKNOWN_BESIDE.get(category, ())),
    )


def _talk(data: Path, split: Split) -> Iterator[Wave]:
    """Cut the speakers' recordings to 5 s, the length of other recordings."""
    for wave in read_speech(data / SPEECH, split):
        for start in range(0, len(wave) - RATE + 1, SECONDS * RATE):
            yield wave[start : start + SECONDS * RATE]


def _synthesise(rng: np.random.Generator, renditions: int) -> Iterator[LabelledWave]:
    for sound, event in enumerate(SOUND_EVENTS):
        if event == "speech":
            continue
        for _ in range(renditions):
            wave = rendition(synthesise, event, rng, SECONDS * RATE)
            yield LabelledWave("made", wave, -1, sound)
