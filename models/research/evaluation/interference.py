"""Activities while a loudspeaker plays from afar, with and without the interference gate.

EgoLog §4.3: where only far sound is heard with a confidence above 0.9, the sound is unreliable; it
is dropped. The other way is to keep what is near of it. Both are what a worker does by its setting
`EGOLOG_INTERFERENCE`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from models.egolog.interference_gate import NEAR_FIELD_FROM, GatedSound, gated
from models.egolog.scenario import Segments
from models.features import Features
from models.research.egolog import har as of_har
from models.research.egolog.composed_days import heard, labels, staged
from models.research.egolog.encoded_days import ACTIVITY_S, SEGMENT_S, window_activities
from models.research.egolog.har import ActivityExamples
from models.research.egolog.offline_pipeline import heard_seconds
from models.research.evaluation.composed_life import Networks, scenario_context
from models.research.lib.metrics import accuracy
from models.serving.predict import LocalizerInput, SoundLocalizer
from models.simulation.life import day_plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from models.serving.near_field import NearFieldExtractor
    from models.simulation.sources.material import Material

STRETCH_S = 60
STRETCHES = 48
SEED = 17_000


def measure(
    networks: Networks,
    sound_localizer: SoundLocalizer,
    extractor: NearFieldExtractor,
    material: Material,
    seed: int,
    count: int = STRETCHES,
) -> dict[str, float]:
    """Return accuracies: without the loudspeaker, with it, and with each gate on top."""
    features = Features()
    names = ("clean", "interfered", "dropped", "near")
    parts: dict[str, list[ActivityExamples]] = {name: [] for name in names}
    for index in tqdm(range(count), desc="interference", mininterval=5):
        rng = np.random.default_rng([SEED + seed, index])
        stretch = staged(rng, STRETCH_S, material, index=index, mono=False)
        quiet, loud = _plans(stretch.plan, rng)
        imu = torch.from_numpy(stretch.stage.imu(0, STRETCH_S))
        _, _, seconds = labels(stretch, STRETCH_S)
        activity = torch.from_numpy(window_activities(seconds[None])[0])
        for name, plan in (("clean", quiet), ("interfered", loud)):
            mel, maps = heard(stretch.stage.playing(plan.sounds).audio(0, STRETCH_S), features)
            shown = _examples(networks, mel, imu, activity)
            parts[name].append(shown)
            if name == "interfered":
                regions = _regions(sound_localizer, maps, imu)
                dropped, near = gated_both_ways(mel, maps, regions, extractor)
                parts["dropped"].append(_as_heard(networks, shown, dropped))
                parts["near"].append(_as_heard(networks, shown, near))
    figures = {}
    for name in names:
        examples = ActivityExamples.joined(parts[name])
        predicted = of_har.predict(networks.har, networks.text, examples)
        figures[name] = accuracy(predicted, examples.activity.numpy())
    return figures


def _plans(plan: day_plan.Plan, rng: Generator) -> tuple[day_plan.Plan, day_plan.Plan]:
    """The wearer's own sounds alone, and with a far loudspeaker that never pauses."""
    near = [event for event in plan.sounds if event.near]
    room = plan.scenarios[0].room
    far = day_plan.interferers(rng, 0, plan.seconds, room, share=1.0)
    both = sorted([*near, *far], key=lambda event: (event.start_s, event.stop_s, event.take))
    return replace(plan, sounds=tuple(near)), replace(plan, sounds=tuple(both))


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
        context = torch.from_numpy(_scenario_context(networks, sound[:1500], imu[:1500]))
    present = torch.ones(count, dtype=torch.bool)
    return ActivityExamples(audio, present, motion, present, context.expand(count, -1), activity)


def _scenario_context(networks: Networks, mel: Tensor, imu: Tensor) -> NDArray[np.float32]:
    audio = networks.encoders.encode_audio(mel.view(-1, SEGMENT_S * 50, 64))
    moved = networks.encoders.encode_imu(imu.view(-1, SEGMENT_S * 50, 6))
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
) -> tuple[list[GatedSound], list[GatedSound]]:
    """Return what is heard of every 5 s window where a worker drops audio, or keeps the near field.

    `mel` (50·L, 64) and `maps` (L, 3, 50, 64) are of L seconds with the probabilities `regions`.
    """
    dropped: list[GatedSound] = []
    near: list[GatedSound] = []
    for number, window in enumerate(np.split(mel, len(maps) // ACTIVITY_S)):
        inside = slice(number * ACTIVITY_S, (number + 1) * ACTIVITY_S)
        known = heard_seconds(regions[inside], maps[inside], None, at_least)
        dropped.append(gated(window, known, "drop"))
        known = heard_seconds(regions[inside], maps[inside], extractor, at_least)
        near.append(gated(window, known, "near"))
    return dropped, near


def _as_heard(
    networks: Networks, examples: ActivityExamples, sounds: Sequence[GatedSound]
) -> ActivityExamples:
    """The windows as gated: without audio, or with that of the near field."""
    audio = examples.audio.clone()
    near = [at for at, sound in enumerate(sounds) if sound.gate == "near"]
    if near:
        mels = np.array([sounds[at].mel for at in near], dtype=np.float32)
        with torch.inference_mode():
            audio[near] = networks.encoders.audio_features(torch.from_numpy(mels))
    present = torch.tensor([sound.mel is not None for sound in sounds])
    return replace(examples, audio=audio, audio_mask=examples.audio_mask & present)
