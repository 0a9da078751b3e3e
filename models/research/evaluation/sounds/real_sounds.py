"""Detection of real speech, in quiet and in street noise, and recognition of real street sounds.

A clip is detected as speech if `speech` is among the sound events that the stream would publish
for it, by the shipped recogniser's threshold and its five likeliest. Only unseen recordings are
used. Only the street condition is mixed: a clip of speech and one of UrbanSound8K at equal power.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from models.egolog.contrastive import ENCODERS
from models.features import Features
from models.labels import CATEGORIES
from models.network.windows import SEGMENT_S
from models.recordings.datasets import esc50, spoken_digits, urbansound8k
from models.recordings.shared_data import ESC50, SPEECH, URBANSOUND8K
from models.recordings.unseen import split_elsewhere
from models.research.egolog.audio.categories import sounding
from models.research.evaluation.sounds.audio_tagger import of_ours, top1, with_parents
from models.serving.predict import FRAME_RATE, ScenarioInput, ScenarioRecognizer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.random import Generator
    from numpy.typing import NDArray

    from models.recordings.splits import Splits
    from models.serving.registry import Registry

    Float32 = NDArray[np.float32]

Figures = dict[str, Any]

RATE = 16_000
CLIP_S = 4
"""Length of clips of speech, that of UrbanSound8K's longest: two segments of the stream."""

MIN_SPEAKING = 0.25
"""Minimum share of a clip that contains speech."""

STREET = (
    "air_conditioner",
    "car_horn",
    "dog_bark",
    "drilling",
    "engine_idling",
    "jackhammer",
    "siren",
)
"""UrbanSound8K's categories that are mixed with speech.

Children playing and street music are excluded because they contain voices, gun shots because they
are shorter than a word.
"""

PEOPLE = (
    "breathing",
    "brushing_teeth",
    "clapping",
    "coughing",
    "crying_baby",
    "drinking_sipping",
    "footsteps",
    "laughing",
    "sneezing",
    "snoring",
)
"""ESC-50's categories of human sounds, in which background speech would not be a false alarm."""

_STREAM = 9


def missing(data: Path) -> list[str]:
    """Return the recordings evaluated here that `data` lacks, except ESC-50.

    Of a folder that is there, it is the file.
    """
    absent = []
    if not spoken_digits.clips(data / SPEECH):
        names = SPEECH / f"SPEAKER_NN{'|'.join(esc50.SUFFIXES)}"
        absent.append(str(names if (data / SPEECH).is_dir() else SPEECH))
    table = URBANSOUND8K / urbansound8k.TABLE
    if not (data / table).is_file():
        absent.append(str(table if (data / URBANSOUND8K).is_dir() else URBANSOUND8K))
    return absent


def measure(registry: Registry, data: Path, splits: Splits, seed: int) -> Figures:
    """Return `speech` and `urbansound8k`, each as far as `data` has the recordings.

    `speech` has `quiet`, `street` and `false`: the shares of clips heard as speech that are
    speech, that are speech at 0 dB under the street, and that are neither speech nor of people.
    """
    figures: Figures = {}
    talk, streets = speech_clips(data / SPEECH, splits), street_clips(data, splits)
    if not talk and spoken_digits.clips(data / SPEECH):
        print(f"skipped: {SPEECH} has no {CLIP_S} s of speech of an unseen speaker")
    if talk:
        recogniser = ScenarioRecognizer(registry)
        figures["speech"] = {
            "quiet": share_as_speech(recogniser, talk),
            "clips": len(talk),
        }
        mixed = under_street(talk, streets, seed)
        if mixed:
            figures["speech"]["street"] = share_as_speech(recogniser, mixed)
        others = other_sounds(data, splits)
        if others:
            figures["speech"]["false"] = share_as_speech(recogniser, others)
            figures["speech"]["other_clips"] = len(others)
    named = with_parents(streets)
    if named:
        ours = of_ours(registry.load(ENCODERS).module.audio)
        figures["urbansound8k"] = {"top1": top1(ours, named), "clips": len(named)}
    return figures


def speech_clips(folder: Path, splits: Splits) -> list[Float32]:
    """Return the unmodified recordings of the split's speakers, in clips of 4 s."""
    size = CLIP_S * RATE
    waves = (esc50.read_mono(path, RATE) for path in spoken_digits.clips(folder, splits.speech))
    clips = [
        wave[start : start + size]
        for wave in waves
        for start in range(0, len(wave) - size + 1, size)
    ]
    return [clip for clip in clips if spoken_digits.speaking(clip).mean() >= MIN_SPEAKING]


def street_clips(data: Path, splits: Splits) -> list[tuple[Path, str]]:
    """Return UrbanSound8K's clips of the split and their categories, as far as `data` has them."""
    folder = data / URBANSOUND8K
    if not (folder / urbansound8k.TABLE).is_file():
        return []
    return urbansound8k.clips(folder, splits.street, split_elsewhere(data))


def under_street(
    talk: Sequence[Float32], streets: Sequence[tuple[Path, str]], seed: int
) -> list[Float32]:
    """Return clips of speech at 0 dB under street noise, none where there is no such noise."""
    noises = [esc50.read_mono(path, RATE) for path, category in streets if category in STREET]
    noises = [noise for noise in noises if noise.any()]
    rng = np.random.default_rng([_STREAM, seed])
    return [at_0_db(wave, noises, rng) for wave in talk] if noises else []


def other_sounds(data: Path, splits: Splits) -> list[Float32]:
    """Return ESC-50's clips of the split that are not of people, as far as `data` has them."""
    if not (data / ESC50 / esc50.TABLE).is_file():
        return []
    return [
        esc50.waveform(clip)
        for clip in esc50.clips(data / ESC50, splits.sounds)
        if CATEGORIES[clip.category] not in PEOPLE
    ]


def at_0_db(speech: Float32, noises: Sequence[Float32], rng: Generator) -> Float32:
    """Return `speech` (n,) under one of `noises`, whose power is that of speech while it lasts.

    Pauses do not count towards the power. The noise is looped from a random start. The result is
    quantised to 16 bits, within full scale.
    """
    noise = noises[int(rng.integers(len(noises)))]
    noise = np.resize(np.roll(noise, -int(rng.integers(len(noise)))), len(speech))
    frames = np.repeat(spoken_digits.speaking(speech), spoken_digits.FRAME)
    talking = speech[: len(frames)][frames]
    gain = _rms(talking) / max(_rms(noise), 1e-9)
    both = speech + np.float32(gain) * noise
    both /= max(1.0, float(np.abs(both).max()))
    rounded: Float32 = (np.round(both * 32_767) / 32_768).astype(np.float32)
    return rounded


def share_as_speech(recogniser: ScenarioRecognizer, waves: Iterable[Float32]) -> float:
    """Return the share of waves (n,) of which the stream's sound events have speech."""
    features = Features()
    is_speech = [
        "speech" in recogniser.predict([_window(wave, features)])[0].sound_events for wave in waves
    ]
    return sum(is_speech) / len(is_speech)


def _window(wave: Float32, features: Features) -> ScenarioInput:
    """Return the wave's whole segments, of which the last second may be missing."""
    whole = np.pad(wave, (0, -len(wave) % RATE))
    mel = esc50.log_mel(whole, RATE, features).astype(np.float32)
    mel = sounding(torch.from_numpy(mel)).numpy()
    seconds = len(mel) // FRAME_RATE
    lacking = -seconds % SEGMENT_S
    padded = np.pad(mel, ((0, lacking * FRAME_RATE), (0, 0)))
    arrived = np.arange(seconds + lacking) < seconds
    return ScenarioInput(padded, None, arrived, np.zeros(len(arrived), bool))


def _rms(wave: Float32) -> float:
    return float(np.sqrt(np.mean(np.square(wave, dtype=np.float64)))) if len(wave) else 0.0
