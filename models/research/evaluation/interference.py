"""Activities while a loudspeaker plays from afar, with and without the interference gate.

EgoLog §4.3: where only far sound is heard with a confidence above 0.9, the sound is unreliable; it
is dropped. The other way is to keep of every sound what is near.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from models.egolog.interference_gate import FAR_ABOVE, far_field, interference_gate
from models.egolog.near_field import NearField, near_mel
from models.egolog.scenario import Segments
from models.features import Features
from models.research.egolog import har as of_har
from models.research.egolog.composed_days import heard, labels, staged
from models.research.egolog.encoded_days import ACTIVITY_S, SEGMENT_S, window_activities
from models.research.egolog.har import ActivityExamples
from models.research.evaluation.composed_life import Networks, scenario_context
from models.research.lib.metrics import accuracy
from models.serving.predict import LocalizerInput, SoundLocalizer
from models.simulation.life import day_plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from models.simulation.sources.material import Material

STRETCH_S = 60
STRETCHES = 48
SEED = 17_000


def measure(
    networks: Networks,
    sound_localizer: SoundLocalizer,
    near_field: NearField,
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
            mel, maps = _heard(stretch.stage.playing(plan.sounds).audio(0, STRETCH_S), features)
            shown = _examples(networks, mel, imu, activity)
            parts[name].append(shown)
            if name == "interfered":
                regions = _regions(sound_localizer, maps, imu)
                parts["dropped"].append(_dropped(shown, regions))
                parts["near"].append(_near_only(networks, near_field, shown, mel, maps))
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


def _heard(audio: NDArray[np.float32], features: Features) -> tuple[Tensor, NDArray[np.float16]]:
    """(2, 16000·L) -> log-mel (50·L, 64) float32 and maps (L, 3, 50, 64)."""
    mel, maps = heard(audio, features)
    return torch.from_numpy(mel.astype(np.float32)), maps


def _regions(
    sound_localizer: SoundLocalizer, maps: NDArray[np.float16], imu: Tensor
) -> list[dict[str, float]]:
    """Probabilities of the regions of each second."""
    turns = imu.view(len(maps), -1, 6).numpy()
    return sound_localizer.predict(
        [LocalizerInput(one, turned) for one, turned in zip(maps, turns, strict=True)]
    )


def _examples(networks: Networks, mel: Tensor, imu: Tensor, activity: Tensor) -> ActivityExamples:
    """The 5 s windows, told the scenario of the 30 s before, or of the first 30 s in these."""
    count = len(activity)
    with torch.inference_mode():
        audio = networks.encoders.audio_features(mel.view(count, -1, 64))
        motion = networks.encoders.imu_features(imu.view(count, -1, 6))
        context = torch.from_numpy(_scenario_context(networks, mel[:1500], imu[:1500]))
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


def _dropped(
    examples: ActivityExamples, seconds: Sequence[Mapping[str, float]]
) -> ActivityExamples:
    """Take the audio away where the gate closes, as told by the regions of each second."""
    windows = [seconds[at : at + ACTIVITY_S] for at in range(0, len(seconds), ACTIVITY_S)]
    gates = [interference_gate(far_field(window), FAR_ABOVE) for window in windows]
    opened = torch.tensor([gate == "open" for gate in gates])
    return replace(examples, audio_mask=examples.audio_mask & opened)


def _near_only(
    networks: Networks,
    near_field: NearField,
    examples: ActivityExamples,
    mel: Tensor,
    maps: NDArray[np.float16],
) -> ActivityExamples:
    """Take from every band and frame the share of power that comes from afar."""
    with torch.inference_mode():
        share = near_field.share(torch.from_numpy(maps.astype(np.float32)))  # (L, 50, 64)
        near = near_mel(mel.numpy(), share.view(len(mel), -1).numpy())
        windows = torch.from_numpy(near.astype(np.float32)).view(len(examples), -1, mel.shape[1])
        return replace(examples, audio=networks.encoders.audio_features(windows))
