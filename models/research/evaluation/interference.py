"""Activities while a loudspeaker plays from afar, with and without the interference gate.

EgoLog §4.3: where only far sound is heard, the sound is unreliable; it is dropped. The other way is
to keep what is near of it. Both are what a worker does by its setting `EGOLOG_INTERFERENCE`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from models.egolog.interference_gate import FAR_ABOVE, NEAR_FIELD_FROM, GatedSound, gated
from models.egolog.microphone_balance import balanced_in_turn
from models.egolog.scenario import Segments
from models.research.egolog import har as of_har
from models.research.egolog.composed_days import FRAMES
from models.research.egolog.encoded_days import ACTIVITY_S, SEGMENT_S, window_activities
from models.research.egolog.har import ActivityExamples
from models.research.egolog.offline_pipeline import heard_seconds
from models.research.egolog.scenario import WINDOW_S
from models.research.evaluation.composed_life import Networks, scenario_context
from models.research.lib.metrics import accuracy
from models.serving.predict import LocalizerInput, SoundLocalizer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from models.research.egolog.disturbed_days import DisturbedDays
    from models.serving.near_field import NearFieldExtractor

WINDOW_FRAMES = ACTIVITY_S * FRAMES
_WINDOWS_AT_ONCE = 48


@dataclass(frozen=True)
class DisturbedWindows:
    """The W activity windows of disturbed days, as the networks see them.

    `clean` are heard without the loudspeaker, `interfered` with it; `near` (W,) bool says in which
    one of the wearer's own sounds is audible; `dropped` and `kept` are what a worker lets pass that
    drops audio or keeps the near field.
    """

    clean: ActivityExamples
    interfered: ActivityExamples
    near: NDArray[np.bool_]
    dropped: list[GatedSound]
    kept: list[GatedSound]

    @classmethod
    def joined(cls, parts: Sequence[DisturbedWindows]) -> DisturbedWindows:
        """Return the windows of several days as one."""
        return cls(
            ActivityExamples.joined([part.clean for part in parts]),
            ActivityExamples.joined([part.interfered for part in parts]),
            np.concatenate([part.near for part in parts]),
            [sound for part in parts for sound in part.dropped],
            [sound for part in parts for sound in part.kept],
        )

    @property
    def far_field(self) -> NDArray[np.float64]:
        """Return the probability (W,) that the gate is decided by."""
        return np.array([sound.far_field for sound in self.dropped], np.float64)


def windows(
    networks: Networks,
    sound_localizer: SoundLocalizer,
    extractor: NearFieldExtractor,
    days: DisturbedDays,
    above: float = FAR_ABOVE,
) -> DisturbedWindows:
    """Return the windows of `days`, their gate closing above a far-field probability."""
    clean: list[ActivityExamples] = []
    interfered: list[ActivityExamples] = []
    dropped: list[GatedSound] = []
    kept: list[GatedSound] = []
    activities = torch.from_numpy(window_activities(days.activities))
    for index in tqdm(range(len(days)), desc="interference", mininterval=5):
        imu = torch.from_numpy(days.imu[index])
        clean.append(_examples(networks, days.clean_mel[index], imu, activities[index]))
        interfered.append(_examples(networks, days.mel[index], imu, activities[index]))
        # Each stretch is a session, which learns its microphones from the first second on.
        maps = balanced_in_turn(days.maps[index])
        regions = _regions(sound_localizer, maps, imu)
        both = gated_both_ways(days.mel[index], maps, regions, extractor, above=above)
        dropped += both[0]
        kept += both[1]
    near = np.asarray(days.near.reshape(-1, ACTIVITY_S).any(axis=1))
    return DisturbedWindows(
        ActivityExamples.joined(clean),
        ActivityExamples.joined(interfered),
        near,
        dropped,
        kept,
    )


def measure(networks: Networks, heard: DisturbedWindows) -> dict[str, float]:
    """Return accuracies: without the loudspeaker, with it, and with each gate on top."""
    ways = {
        "clean": heard.clean,
        "interfered": heard.interfered,
        "dropped": as_heard(networks, heard.interfered, heard.dropped),
        "near": as_heard(networks, heard.interfered, heard.kept),
    }
    return {name: score(networks, examples) for name, examples in ways.items()}


def score(networks: Networks, examples: ActivityExamples) -> float:
    """Return the accuracy of the activities."""
    predicted = of_har.predict(networks.har, networks.text, examples)
    return accuracy(predicted, examples.activity.numpy())


def _regions(
    sound_localizer: SoundLocalizer, maps: NDArray[np.float16], imu: Tensor
) -> list[dict[str, float]]:
    """Probabilities of the regions of each second."""
    turns = imu.view(len(maps), -1, 6).numpy()
    return sound_localizer.predict(
        [LocalizerInput(one, turned) for one, turned in zip(maps, turns, strict=True)]
    )


def _examples(
    networks: Networks, mel: NDArray[np.float16], imu: Tensor, activity: Tensor
) -> ActivityExamples:
    """The 5 s windows, told the scenario of the 30 s before, or of the first 30 s in these."""
    count = len(activity)
    sound = torch.from_numpy(mel.astype(np.float32))
    with torch.inference_mode():
        audio = networks.encoders.audio_features(sound.view(count, -1, 64))
        motion = networks.encoders.imu_features(imu.view(count, -1, 6))
        first = slice(WINDOW_S * FRAMES)
        context = torch.from_numpy(_scenario_context(networks, sound[first], imu[first]))
    present = torch.ones(count, dtype=torch.bool)
    return ActivityExamples(audio, present, motion, present, context.expand(count, -1), activity)


def _scenario_context(networks: Networks, mel: Tensor, imu: Tensor) -> NDArray[np.float32]:
    audio = networks.encoders.encode_audio(mel.view(-1, SEGMENT_S * FRAMES, 64))
    moved = networks.encoders.encode_imu(imu.view(-1, SEGMENT_S * FRAMES, 6))
    present = torch.ones(1, len(audio.features), dtype=torch.bool)
    segments = Segments(
        audio.features[None],
        audio.embedding[None],
        present,
        moved.features[None],
        moved.embedding[None],
        present,
    )
    rows, _ = networks.scenario.join(segments)
    return scenario_context(torch.sigmoid(networks.scenario(rows))[0].numpy())


def gated_both_ways(
    mel: NDArray[np.float16],
    maps: NDArray[np.float16],
    regions: Sequence[Mapping[str, float]],
    extractor: NearFieldExtractor,
    at_least: float = NEAR_FIELD_FROM,
    above: float = FAR_ABOVE,
) -> tuple[list[GatedSound], list[GatedSound]]:
    """Return what is heard of every 5 s window where a worker drops audio, or keeps the near field.

    `mel` (50·L, 64) and `maps` (L, 3, 50, 64) are of L seconds with the probabilities `regions`.
    """
    dropped: list[GatedSound] = []
    near: list[GatedSound] = []
    for number, window in enumerate(np.split(mel, len(maps) // ACTIVITY_S)):
        inside = slice(number * ACTIVITY_S, (number + 1) * ACTIVITY_S)
        known = heard_seconds(regions[inside], maps[inside], None, at_least)
        dropped.append(gated(window, known, "drop", above))
        known = heard_seconds(regions[inside], maps[inside], extractor, at_least)
        near.append(gated(window, known, "near", above))
    return dropped, near


def as_heard(
    networks: Networks, examples: ActivityExamples, sounds: Sequence[GatedSound]
) -> ActivityExamples:
    """Return the windows as gated: in silence, or with the audio of the near field."""
    audio = examples.audio.clone()
    changed = [at for at, sound in enumerate(sounds) if sound.gate != "open"]
    with torch.inference_mode():
        for rows in np.array_split(changed, len(changed) // _WINDOWS_AT_ONCE + 1):
            if len(rows) > 0:
                mels = np.array([sounds[at].mel for at in rows], dtype=np.float32)
                audio[rows] = networks.encoders.audio_features(torch.from_numpy(mels))
    return replace(examples, audio=audio)
