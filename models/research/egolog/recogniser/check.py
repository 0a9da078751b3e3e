"""Validation of a recogniser, and calibration of its bias for speech."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.egolog.audio_tagger.parents import PARENTS
from models.features import Features
from models.labels import CATEGORIES, RECOGNISED_SOUNDS
from models.network.windows import SEGMENT_S
from models.recordings.datasets import esc50, spoken_digits, urbansound8k
from models.recordings.shared_data import ESC50, SPEECH, URBANSOUND8K
from models.recordings.unseen import split_elsewhere
from models.research.egolog.audio.categories import sounding, top1
from models.research.egolog.audio.clips import RATE
from models.research.egolog.recogniser.sound_names import (
    PARENT_OF_CATEGORY,
    PARENT_OF_SOUND,
    UNKNOWN_BESIDE,
)
from models.serving.predict import MIN_EVENT

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from models.egolog.audio_encoder import SoundEncoder
    from models.recordings.splits import Split

SPEECH_SOUND = RECOGNISED_SOUNDS.index("speech")
FALSE_ABOVE = 0.03
"""Maximum share of clips without speech in which a segment is recognised as speech."""

_STEPS = SEGMENT_S * 50
_PEOPLE = ("coughing", "sneezing", "snoring", "drinking_sipping", "breathing")
_ROWS = [
    [row for row, sound in enumerate(RECOGNISED_SOUNDS) if PARENT_OF_SOUND.get(sound) == parent]
    for parent in PARENTS
]


@dataclass(frozen=True)
class CheckMaterial:
    """Clips of one split.

    ESC-50's; log-mels (T, 64) of UrbanSound8K's with their parents, of speech without pauses, and
    of clips without speech.
    """

    clips: list[esc50.Clip]
    street: list[tuple[Tensor, str]]
    speech: list[Tensor]
    others: list[Tensor]

    @classmethod
    def read(cls, data: Path, split: Split) -> CheckMaterial:
        """Read the available recordings from the folder `data`."""
        clips = esc50.clips(data / ESC50, split)
        street: list[tuple[Tensor, str]] = []
        others = [
            _mel(esc50.waveform(clip))
            for clip in clips
            if CATEGORIES[clip.category] not in _PEOPLE
            and "speech" not in UNKNOWN_BESIDE.get(CATEGORIES[clip.category], ())
        ]
        if (data / URBANSOUND8K / urbansound8k.TABLE).is_file():
            folder = data / URBANSOUND8K
            for path, category in urbansound8k.clips(folder, split, split_elsewhere(data)):
                mel = _mel(esc50.read_mono(path, RATE))
                street.append((mel, PARENT_OF_CATEGORY[category]))
                if "speech" not in UNKNOWN_BESIDE.get(category, ()):
                    others.append(mel)
        speech = [
            _mel(wave)
            for path in spoken_digits.clips(data / SPEECH, split)
            for wave in _speaking(esc50.read_mono(path, RATE))
        ]
        return cls(clips, street, speech, others)


def figures(encoder: SoundEncoder, material: CheckMaterial) -> dict[str, float]:
    """Return accuracies by data set, the detection rate of speech, and that of false speech."""
    with torch.inference_mode():
        named = [_parent(encoder, mel) == parent for mel, parent in material.street]
    detected, false = (
        float((speech_logits(encoder, mels) > _border()).float().mean())
        for mels in (material.speech, material.others)
    )
    return {
        "esc50": top1(encoder, material.clips),
        "street": float(np.mean(named)),
        "speech": detected,
        "false": false,
    }


def with_rare_false_speech(encoder: SoundEncoder, material: CheckMaterial) -> None:
    """Set the bias of speech in place, so that `FALSE_ABOVE` of other clips are false alarms."""
    scores = speech_logits(encoder, material.others)
    with torch.no_grad():
        encoder.events.bias[SPEECH_SOUND] += _border() - torch.quantile(scores, 1 - FALSE_ABOVE)


def speech_logits(encoder: SoundEncoder, mels: list[Tensor]) -> Tensor:
    """Return (N,) for N log-mels: the maximum logit of speech over their segments."""
    with torch.inference_mode():
        return torch.stack(
            [
                encoder(mel[: len(mel) // _STEPS * _STEPS].view(-1, _STEPS, mel.shape[1]))
                .logits[:, SPEECH_SOUND]
                .amax()
                for mel in mels
            ]
        ).clone()


def _parent(encoder: SoundEncoder, mel: Tensor) -> str:
    logits = encoder(mel[None]).logits[0]
    return PARENTS[
        int(np.argmax([max((float(logits[at]) for at in rows), default=-1e9) for rows in _ROWS]))
    ]


def _border() -> float:
    return float(np.log(MIN_EVENT / (1 - MIN_EVENT)))


def _speaking(wave: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    size = SEGMENT_S * RATE
    parts = [wave[at : at + size] for at in range(0, len(wave) - size + 1, size)]
    return [part for part in parts if spoken_digits.speaking(part).mean() >= 0.25]


def _mel(wave: NDArray[np.float32]) -> Tensor:
    """Return (T, 64) of whole segments: a clip that is shorter than one is repeated."""
    size = SEGMENT_S * RATE
    whole = np.resize(wave, size) if len(wave) < size else wave
    mel = torch.from_numpy(esc50.log_mel(whole, RATE, Features()).astype(np.float32))
    return sounding(mel) if len(sounding(mel)) >= _STEPS else mel
