"""Fits what the sound encoder calls speech to real speakers, its features staying as they are.

The encoder was taught speech by synthesised babble alone and heard none in real speakers, though
its features tell them from other sounds. Only one row of the sound events' layer is fitted, so that
nothing above the features changes: not the scenario, not the activity (EgoLog §4.4.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from models.egolog.windows import SEGMENT_S
from models.features import Features
from models.labels import CATEGORIES, SOUND_EVENTS
from models.recordings.datasets import esc50, spoken_digits, urbansound8k
from models.recordings.shared_data import ESC50, SPEECH, URBANSOUND8K
from models.recordings.splits import split_elsewhere
from models.research.egolog.audio_clips import RATE, in_room, mixed, rendition
from models.serving.predict import MIN_EVENT
from models.simulation.acoustics.sounds import synthesise

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.random import Generator

    from models.egolog.contrastive import Encoders
    from models.recordings.splits import Split

Wave = NDArray[np.float32]

SPEECH_EVENT = SOUND_EVENTS.index("speech")
SAMPLES = SEGMENT_S * RATE
SPEAKING = 3000
"""Segments with speech that are learned from, real or babble, alone or among other sounds."""

FALSE_ABOVE = 0.05
"""The share of validation clips without speech in which some segment is called speech."""

_BABBLE = 0.2
_AMONG_OTHERS = 0.7
_IN_ROOM = 0.4
_OTHER_SPEED = 0.5
_SPEEDS = (0.85, 1.2)
_TILT_DB = 4.0  # an octave
_RENDITIONS = 12  # of each synthesised event
_PULL = 2e-3
_VOICES = (
    "breathing",
    "clapping",
    "coughing",
    "crying_baby",
    "drinking_sipping",
    "laughing",
    "sneezing",
    "snoring",
)
_STREET_WITH_VOICES = ("children_playing", "street_music")


@dataclass(frozen=True)
class SpeechMaterial:
    """Real sounds of one split: what speakers say, and clips without speech."""

    speakers: list[Wave]
    others: list[Wave]

    @classmethod
    def read(cls, data: Path, split: Split) -> SpeechMaterial:
        """Read speakers, ESC-50 and UrbanSound8K where they are there, clips with voices apart."""
        others = [
            esc50.waveform(clip)
            for clip in esc50.clips(data / ESC50, split)
            if CATEGORIES[clip.category] not in _VOICES
        ]
        if (data / URBANSOUND8K / urbansound8k.TABLE).is_file():
            clips = urbansound8k.clips(data / URBANSOUND8K, split, split_elsewhere(data))
            others += [
                esc50.read_mono(path, RATE)
                for path, category in clips
                if category not in _STREET_WITH_VOICES
            ]
        speakers = [
            esc50.read_mono(path, RATE) for path in spoken_digits.clips(data / SPEECH, split)
        ]
        return cls(speakers, [wave for wave in others if np.abs(wave).max() > 0])


def fit(encoders: Encoders, train: SpeechMaterial, check: SpeechMaterial, seed: int) -> None:
    """Fit the row of speech in place; its bias is chosen on `check`, by `FALSE_ABOVE`."""
    rng = np.random.default_rng(seed)
    speaking = segments_of_speech(train, rng)
    silent = segments_of_others(train, rng)
    features = torch.cat([features_of(encoders, waves) for waves in (speaking, silent)])
    truth = torch.cat([torch.ones(len(speaking)), torch.zeros(len(silent))])
    weight, bias = separated(features, truth)
    scores = torch.tensor(
        [
            float((features_of(encoders, segments(wave)) @ weight + bias).max())
            for wave in tqdm(check.others, desc="speech, validation", mininterval=5)
        ]
    )
    border = float(torch.quantile(scores, 1 - FALSE_ABOVE))
    with torch.no_grad():
        encoders.audio.events.weight[SPEECH_EVENT] = weight
        encoders.audio.events.bias[SPEECH_EVENT] = (
            bias - border + float(np.log(MIN_EVENT / (1 - MIN_EVENT)))
        )


def segments_of_speech(material: SpeechMaterial, rng: Generator) -> list[Wave]:
    """Draw segments (32000,) in which somebody speaks, most of them among other sounds."""
    real = [
        piece
        for wave in material.speakers
        for piece in segments(wave)
        if spoken_digits.speaking(piece).mean() >= 0.25
    ]
    drawn = []
    for _ in tqdm(range(SPEAKING), desc="speech", mininterval=5):
        if not real or rng.random() < _BABBLE:
            wave = rendition(synthesise, "speech", rng, SAMPLES)
        else:
            wave = _varied(real[int(rng.integers(len(real)))], rng)
        parts = [wave]
        if material.others and rng.random() < _AMONG_OTHERS:
            parts.append(_piece(material.others, rng))
        drawn.append(mixed(parts, rng))
    return drawn


def segments_of_others(material: SpeechMaterial, rng: Generator) -> list[Wave]:
    """Draw segments (32000,) without speech, recorded and synthesised."""
    drawn = [
        mixed([piece], rng)
        for wave in material.others
        for piece in segments(wave)
        if np.abs(piece).max() > 0
    ]
    for event in SOUND_EVENTS:
        if event != "speech":
            drawn += [
                mixed([rendition(synthesise, event, rng, SAMPLES)], rng) for _ in range(_RENDITIONS)
            ]
    if material.others:
        pairs = range(len(drawn) // 3)
        drawn += [mixed([_piece(material.others, rng) for _ in range(2)], rng) for _ in pairs]
    return drawn


def segments(wave: Wave) -> list[Wave]:
    """Cut a wave into whole segments (32000,); one that is shorter is repeated to fill one."""
    if len(wave) < SAMPLES:
        return [np.resize(wave, SAMPLES)]
    return [wave[at : at + SAMPLES] for at in range(0, len(wave) - SAMPLES + 1, SAMPLES)]


def features_of(encoders: Encoders, waves: Sequence[Wave]) -> Tensor:
    """Return the features (N, F) from which sound events are told, of segments (N, 32000)."""
    features = Features()
    mels = [esc50.log_mel(wave, RATE, features).astype(np.float32) for wave in waves]
    with torch.inference_mode():
        parts = [
            encoders.encode_audio(torch.from_numpy(np.stack(mels[at : at + 64]))).plain
            for at in range(0, len(mels), 64)
        ]
    return torch.cat(parts).clone()


def separated(features: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Return the weight (F,) and bias of a logistic regression, both classes as heavy."""
    mean, deviation = features.mean(0), features.std(0) + 1e-3
    scaled = (features - mean) / deviation
    weight = torch.zeros(features.shape[1], requires_grad=True)
    bias = torch.zeros(1, requires_grad=True)
    rarer = (len(truth) - truth.sum()) / truth.sum()
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            scaled @ weight + bias, truth, pos_weight=rarer
        )
        loss = loss + _PULL * weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    own = weight.detach() / deviation
    return own, bias.detach()[0] - own @ mean


def _piece(waves: Sequence[Wave], rng: Generator) -> Wave:
    wave = waves[int(rng.integers(len(waves)))]
    return np.resize(np.roll(wave, -int(rng.integers(len(wave)))), SAMPLES)


def _varied(wave: Wave, rng: Generator) -> Wave:
    """Return a segment of another speed and pitch, through another microphone, in a room."""
    if rng.random() < _OTHER_SPEED:
        at = np.arange(0, len(wave) - 1, rng.uniform(*_SPEEDS))
        wave = np.resize(np.interp(at, np.arange(len(wave)), wave), len(wave)).astype(np.float32)
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(wave), 1 / RATE), 100) / 1000)
    tilt = np.clip(10 ** (rng.normal(0, _TILT_DB) * octaves / 20), 0.1, 10)
    wave = np.fft.irfft(np.fft.rfft(wave) * tilt, len(wave)).astype(np.float32)
    return in_room(wave, rng) if rng.random() < _IN_ROOM else wave
