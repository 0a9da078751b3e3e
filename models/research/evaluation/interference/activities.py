"""Activity recognition with a far loudspeaker, with and without the interference gate.

EgoLog §4.3: if all sound is far, it is unreliable and is dropped. The alternative is to keep its
near field. A worker does either by its setting `EGOLOG_INTERFERENCE`; in both cases the scenario
input of activities is estimated without segments of only far sound.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from models.egolog.interference_gate import (
    FAR_ABOVE,
    NEAR_FIELD_FROM,
    NEAR_FROM,
    GatedSound,
    GateSecond,
    apply_gate,
    far_only_segments,
    is_attended,
)
from models.egolog.microphone_balance import balanced_in_turn
from models.egolog.scenario import Segments
from models.labels import SCENARIOS
from models.research.egolog import har as of_har
from models.research.egolog.days.composed import FRAMES
from models.research.egolog.days.encoded import ACTIVITY_S, SEGMENT_S, window_activities
from models.research.egolog.har import ActivityExamples
from models.research.egolog.offline_pipeline import seconds_for_gate
from models.research.egolog.scenario import WINDOW_S
from models.research.evaluation.composed_days.scores import Networks, scenario_row
from models.research.lib.metrics import accuracy
from models.serving.predict import LocalizerInput, SoundLocalizer, detected_scenarios
from models.serving.scenario_context import scenario_context

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from models.egolog.interference_gate import Interference
    from models.research.egolog.days.disturbed import DisturbedDays
    from models.serving.near_field import NearFieldExtractor

WINDOW_FRAMES = ACTIVITY_S * FRAMES
_WINDOWS_AT_ONCE = 48


@dataclass(frozen=True)
class DisturbedWindows:
    """The W activity windows of disturbed days, as inputs of the networks.

    `clean` are without the loudspeaker, `interfered` with it, `undisturbed` with it but with a
    scenario estimated without segments of only far sound; `near` (W,) bool marks windows in which
    one of the wearer's own sounds is audible; `dropped` and `kept` are gated as by a worker that
    drops audio or keeps the near field.
    """

    clean: ActivityExamples
    interfered: ActivityExamples
    undisturbed: ActivityExamples
    near: NDArray[np.bool_]
    dropped: list[GatedSound]
    kept: list[GatedSound]

    @classmethod
    def concatenate(cls, parts: Sequence[DisturbedWindows]) -> DisturbedWindows:
        """Return the windows of several days as one."""
        return cls(
            ActivityExamples.concatenate([part.clean for part in parts]),
            ActivityExamples.concatenate([part.interfered for part in parts]),
            ActivityExamples.concatenate([part.undisturbed for part in parts]),
            np.concatenate([part.near for part in parts]),
            [sound for part in parts for sound in part.dropped],
            [sound for part in parts for sound in part.kept],
        )

    @property
    def far_field(self) -> NDArray[np.float64]:
        """Return the far-field probability (W,) that the gate compares with its threshold."""
        return np.array([sound.far_field for sound in self.dropped], np.float64)


def windows(
    networks: Networks,
    sound_localizer: SoundLocalizer,
    extractor: NearFieldExtractor,
    days: DisturbedDays,
    above: float = FAR_ABOVE,
    near_from: float = NEAR_FROM,
) -> DisturbedWindows:
    """Return the windows of `days`, with a gate that closes above a far-field probability.

    A segment counts as near from the probability `near_from` on.
    """
    clean: list[ActivityExamples] = []
    interfered: list[ActivityExamples] = []
    undisturbed: list[ActivityExamples] = []
    dropped: list[GatedSound] = []
    kept: list[GatedSound] = []
    activities = torch.from_numpy(window_activities(days.activities))
    for index in tqdm(range(len(days)), desc="interference", mininterval=5):
        imu = torch.from_numpy(days.imu[index])
        # Each stretch is a session, whose microphone balance is learned from its first second on.
        maps = balanced_in_turn(days.maps[index])
        regions = regions_of(sound_localizer, maps, imu)
        quiet, _ = estimate_scenarios(networks, first_window(networks, days.clean_mel[index], imu))
        first = first_window(networks, days.mel[index], imu)
        whole, near = estimate_scenarios(networks, first, regions, near_from)
        clean.append(examples(networks, days.clean_mel[index], imu, activities[index], quiet))
        interfered.append(examples(networks, days.mel[index], imu, activities[index], whole))
        undisturbed.append(with_scenarios(interfered[-1], near))
        names = detected_scenarios(near)
        both = gated_both_ways(
            days.mel[index], maps, regions, extractor, above=above, detected=names
        )
        dropped += both[0]
        kept += both[1]
    audible = np.asarray(days.near.reshape(-1, ACTIVITY_S).any(axis=1))
    return DisturbedWindows(
        ActivityExamples.concatenate(clean),
        ActivityExamples.concatenate(interfered),
        ActivityExamples.concatenate(undisturbed),
        audible,
        dropped,
        kept,
    )


def measure(networks: Networks, disturbed: DisturbedWindows) -> dict[str, float]:
    """Return accuracies without the loudspeaker, with it, and with it and each gate."""
    ways = {
        "clean": disturbed.clean,
        "interfered": disturbed.interfered,
        "dropped": with_sound_of(networks, disturbed.undisturbed, disturbed.dropped),
        "near": with_sound_of(networks, disturbed.undisturbed, disturbed.kept),
    }
    return {name: score(networks, examples) for name, examples in ways.items()}


def score(networks: Networks, examples: ActivityExamples) -> float:
    """Return the accuracy of the activities."""
    predicted = of_har.predict(networks.har, networks.text, examples)
    return accuracy(predicted, examples.activity.numpy())


def likelihood(networks: Networks, examples: ActivityExamples) -> float:
    """Return the mean probability of the true activity, which has less variance than accuracy."""
    with torch.inference_mode():
        likely = of_har.scores(networks.har, networks.text, examples).softmax(dim=1)
    return float(likely.gather(1, examples.activity[:, None]).mean())


def regions_of(
    sound_localizer: SoundLocalizer, maps: NDArray[np.float16], imu: Tensor
) -> list[dict[str, float]]:
    """Return the regions' probabilities in each second of maps (L, 3, 50, 64), imu (50·L, 6)."""
    turns = imu.view(len(maps), -1, 6).numpy()
    return sound_localizer.predict(
        [LocalizerInput(one, turned) for one, turned in zip(maps, turns, strict=True)]
    )


def examples(
    networks: Networks,
    mel: NDArray[np.float16],
    imu: Tensor,
    activity: Tensor,
    detected: Mapping[str, float],
) -> ActivityExamples:
    """Return a stretch's 5 s windows with these scenarios as input.

    `mel` (250·N, 64), `imu` (250·N, 6), m/s² and rad/s, and `activity` (N,) indices.
    """
    count = len(activity)
    sound = torch.from_numpy(mel.astype(np.float32)).view(count, -1, 64)
    examples = of_har.of_windows(networks.encoders, sound, imu.view(count, -1, 6), activity)
    return with_scenarios(examples, detected)


def with_scenarios(windows: ActivityExamples, detected: Mapping[str, float]) -> ActivityExamples:
    """Return windows with these scenarios as input instead."""
    row = torch.from_numpy(scenario_row(detected))
    return replace(windows, scenarios=row.expand(len(windows), -1))


def estimate_scenarios(
    networks: Networks,
    segments: Segments,
    regions: Sequence[Mapping[str, float]] = (),
    near_from: float = NEAR_FROM,
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the scenarios of a stretch's first 30 s, the input of all its windows.

    The first are estimated from all sound, the second as by a worker: without segments of only far
    sound, by the region probabilities `regions` of its seconds.
    """
    with torch.inference_mode():
        whole = _estimate(networks, segments)
        localized = [GateSecond(at, each) for at, each in enumerate(regions[:WINDOW_S])]
        left_out = far_only_segments(localized, WINDOW_S // SEGMENT_S, near_from)
        undisturbed: dict[str, float] = {}
        if left_out.any():
            kept = segments.audio_mask & torch.from_numpy(~left_out)
            undisturbed = _estimate(networks, replace(segments, audio_mask=kept))
    return whole, scenario_context([(0.0, whole)], undisturbed)


def first_window(networks: Networks, mel: NDArray[np.float16], imu: Tensor) -> Segments:
    """Return the encoded segments of the first 30 s of mel (n, 64) and imu (n, 6) at 50 Hz."""
    sound = torch.from_numpy(mel[: WINDOW_S * FRAMES].astype(np.float32))
    with torch.inference_mode():
        audio = networks.encoders.encode_audio(sound.view(-1, SEGMENT_S * FRAMES, 64))
        motion = imu[: WINDOW_S * FRAMES].view(-1, SEGMENT_S * FRAMES, 6)
        encoding = networks.encoders.encode_imu(motion)
    present = torch.ones(1, len(audio.features), dtype=torch.bool)
    return Segments(
        audio.features[None],
        audio.embedding[None],
        present,
        encoding.features[None],
        encoding.embedding[None],
        present,
    )


def _estimate(networks: Networks, segments: Segments) -> dict[str, float]:
    rows, _ = networks.scenario.join(segments)
    (probabilities,) = torch.sigmoid(networks.scenario(rows)).tolist()
    return dict(zip(SCENARIOS, probabilities, strict=True))


def gated_both_ways(
    mel: NDArray[np.float16],
    maps: NDArray[np.float16],
    regions: Sequence[Mapping[str, float]],
    extractor: NearFieldExtractor,
    at_least: float = NEAR_FIELD_FROM,
    above: float = FAR_ABOVE,
    detected: Collection[str] = (),
) -> tuple[list[GatedSound], list[GatedSound]]:
    """Return the gated sound of every 5 s window, with audio dropped and with the near field kept.

    `mel` (50·L, 64) and `maps` (L, 3, 50, 64) are of L seconds with the probabilities `regions`.
    If `detected` contains a scenario in which far sound is attended to, all sound is kept.
    """
    drop: Interference = "off" if is_attended(detected) else "drop"
    keep: Interference = "off" if is_attended(detected) else "near"
    return (
        gated_in_turn(mel, maps, regions, drop, above=above),
        gated_in_turn(mel, maps, regions, keep, extractor, at_least, above),
    )


def gated_in_turn(
    mel: NDArray[np.float16],
    maps: NDArray[np.float16],
    regions: Sequence[Mapping[str, float]],
    interference: Interference,
    extractor: NearFieldExtractor | None = None,
    at_least: float = NEAR_FIELD_FROM,
    above: float = FAR_ABOVE,
) -> list[GatedSound]:
    """Return the gated sound of every 5 s window of L seconds.

    `mel` (50·L, 64), `maps` (L, 3, 50, 64), and the probabilities of `regions` for each second.
    """
    sounds = []
    for number, window in enumerate(np.split(mel, len(maps) // ACTIVITY_S)):
        inside = slice(number * ACTIVITY_S, (number + 1) * ACTIVITY_S)
        known = seconds_for_gate(regions[inside], maps[inside], extractor, at_least)
        sounds.append(apply_gate(window, known, interference, above))
    return sounds


def with_sound_of(
    networks: Networks, windows: ActivityExamples, sounds: Sequence[GatedSound]
) -> ActivityExamples:
    """Return the gated windows: without audio, or with the audio of the near field."""
    audio, apart = windows.audio.clone(), windows.audio_seconds.clone()
    changed = [at for at, sound in enumerate(sounds) if sound.gate != "open"]
    with torch.inference_mode():
        for rows in np.array_split(changed, len(changed) // _WINDOWS_AT_ONCE + 1):
            if len(rows) > 0:
                mels = np.array([sounds[at].mel for at in rows], dtype=np.float32)
                seconds = networks.encoders.seconds(torch.from_numpy(mels))
                audio[rows] = networks.encoders.encode_seconds(seconds)
                apart[rows] = networks.encoders.audio_by_second(seconds)
    return replace(windows, audio=audio, audio_seconds=apart)
