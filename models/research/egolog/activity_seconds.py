"""Trains what the single seconds of a window add to its activity (EgoLog §4.3), on a processor.

The fusion of whole windows stays as it is, and with it the results of motion without sound. What
is trained learns from composed training days, of windows that begin at every second:

    python -m models.research.egolog.activity_seconds --out FILE

The target of a window with two activities is half the one that names it and half the share of each;
that of a second is its own. Where the interference gate silenced the sound, the target is the
fusion's output. Of several networks, each begun and trained by its own seed, the one is written
that validation finds best: the mean log loss with and without the scenario. Whatever seconds the
weights had are trained anew, so the command makes of its own weights the same.
"""

from __future__ import annotations

import argparse
import copy
import sys
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot
from tqdm import tqdm

from models.egolog.contrastive import ENCODERS
from models.egolog.har import HAR, Har
from models.egolog.scenario_text import SCENARIO_TEXT
from models.labels import ACTIVITIES
from models.network.low_precision import low_precision
from models.research.egolog import har as of_har
from models.research.egolog.augment import remount, vary_microphone
from models.research.egolog.context import PART, REAL_SHARE, STRETCH_S
from models.research.egolog.days.composed import FRAMES, Days, compose
from models.research.egolog.days.encoded import ACTIVITY_S, window_activities
from models.research.egolog.har import ActivityExamples
from models.research.egolog.motion_alone import SILENCED, silence
from models.research.lib.cache_folder import cache_folder
from models.research.lib.column_dataset import ColumnDataset
from models.research.lib.error_lines import one_line_errors
from models.research.lib.fit import Fit, fit
from models.research.lib.recordings_folder import needed_recordings
from models.research.lib.weights_folder import weights_folder
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry
from models.simulation.sources.material import Material
from schemas.option_bounds import check_minimums
from schemas.output_path import kept_folder, output_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.random import Generator

    from models.egolog.contrastive import Encoders
    from models.egolog.scenario_text import ScenarioText

WIDTH = 96
STRETCHES = 3 * PART
STEPS = 2000
VALIDATION_SEED, VALIDATION, VALIDATION_S = 9_100, 48, 150
BATCH = 128
NOISE, SMOOTHING = 0.6, 0.05
BY_SHARE = 0.5
"""How much of a window's target are the shares of its activities, rather than the one it has."""
RATE = 2e-3
WITHOUT_SCENARIO = 0.15
"""Share of windows without a scenario. The fusion learned from 0.35 of them, which gives more
weight to sound and motion alone and less to the scenario."""
_VIEWS = 3  # of every window: other inputs missing, other noise, another scenario
_MINUTES = 24 * 60.0  # no limit: the steps are
_DATA_SEED = 5


@dataclass(frozen=True)
class SecondExamples(ColumnDataset):
    """N training windows of the seconds, in V views each.

    `audio` (N, 5, 256) and `imu` (N, 5, 128) are features of the seconds, in half precision;
    `activity` (N,) and `activities` (N, 5) indices. `fused` (N, V, 16) are the fusion's logits,
    `scenarios` (N, V, 16) the input scenarios, the masks (N, V) which modalities are present, and
    `is_silent` (N, V) where the sound is silence.
    """

    audio: Tensor
    imu: Tensor
    activity: Tensor
    activities: Tensor
    fused: Tensor
    scenarios: Tensor
    audio_mask: Tensor
    imu_mask: Tensor
    is_silent: Tensor


def with_new_seconds(network: Har, width: int = WIDTH) -> Har:
    """Return `network` with seconds that add nothing yet; its fusion is not to be trained."""
    made = Har(replace(network.config, seconds_width=width))
    kept = {k: v for k, v in network.state_dict().items() if not k.startswith("seconds.")}
    made.load_state_dict(kept, strict=False)
    made.requires_grad_(False).eval()
    return made


def windows(
    encoders: Encoders, days: Days, rng: Generator | None = None, *, fast: bool = False
) -> tuple[ActivityExamples, Tensor]:
    """Return windows that begin at every second, and the activities (N, 5) of their seconds.

    Their scenarios are the true ones of their middle; other microphones and mountings are drawn if
    `rng` is given. `fast` computes in half precision, whose error is far below the noise that
    training adds.
    """
    begin = torch.arange(days.seconds - ACTIVITY_S + 1)
    inside = begin[:, None] + torch.arange(ACTIVITY_S)  # (W, 5)
    rows = begin[:, None] * FRAMES + torch.arange(ACTIVITY_S * FRAMES)  # (W, 250)
    activities = days.activities[:, inside]  # (N, W, 5)
    named = torch.from_numpy(window_activities(activities.reshape(len(days), -1)))
    scenarios = torch.from_numpy(days.scenarios[:, inside[:, ACTIVITY_S // 2]].astype(np.float32))
    present, parts = torch.ones(len(begin), dtype=torch.bool), []
    with torch.inference_mode(), low_precision(enabled=fast):
        for at in tqdm(range(len(days)), desc="windows", mininterval=5):
            mel = torch.from_numpy(days.mel[at : at + 1].astype(np.float32))
            imu = torch.from_numpy(days.imu[at : at + 1])
            if rng is not None:
                mel, imu = vary_microphone(mel, rng), remount(imu, rng)
            seconds = encoders.seconds(mel)  # (1, L, 2, 512)
            motion, imu_by_second = encoders.imu_by_second(imu[0, rows])
            parts.append(
                ActivityExamples(
                    audio=encoders.encode_seconds(seconds[0, inside]).float(),
                    audio_mask=present,
                    imu=motion.float(),
                    imu_mask=present,
                    audio_seconds=encoders.audio_by_second(seconds)[0, inside].float(),
                    imu_seconds=imu_by_second.float(),
                    scenarios=scenarios[at],
                    activity=named[at],
                )
            )
    return ActivityExamples.concatenate(parts), torch.from_numpy(activities).long().flatten(0, 1)


def with_views(
    network: Har,
    text: ScenarioText,
    silent_sound: Tensor,
    shown: tuple[ActivityExamples, Tensor],
    rng: Generator,
) -> SecondExamples:
    """Return windows and their seconds' activities in `_VIEWS` views.

    `silent_sound` (256,) are the features of silence.
    """
    examples, activities = shown
    spread = (float(examples.audio.std()), float(examples.imu.std()))
    views = []
    with torch.inference_mode():
        for _ in range(_VIEWS):
            view = of_har.corrupt_inputs(examples, rng, spread, WITHOUT_SCENARIO)
            silent = torch.from_numpy(rng.random(len(view)) < SILENCED)
            view = of_har.replace_sound(view, silent, silent_sound)
            fused = of_har.in_parts(view, partial(of_har.fused_logits, network, text))
            views.append((fused, view.scenarios, view.audio_mask, view.imu_mask, silent))
    return SecondExamples(
        examples.audio_seconds.half(),
        examples.imu_seconds.half(),
        examples.activity,
        activities,
        *(torch.stack(column, dim=1) for column in zip(*views, strict=True)),
    )


def examples_of_days(
    network: Har, text: ScenarioText, encoders: Encoders, days: Sequence[Days]
) -> SecondExamples:
    """Return all windows of several days; microphone and mounting of every other are drawn."""
    rng, silent_sound = np.random.default_rng(_DATA_SEED), silence(encoders)
    parts = []
    for at, each in enumerate(days):
        shown = windows(encoders, each, rng if at % 2 else None, fast=True)
        parts.append(with_views(network, text, silent_sound, shown, rng))
    return SecondExamples.concatenate(parts)


def train(
    network: Har,
    text: ScenarioText,
    silent_sound: Tensor,
    examples: SecondExamples,
    settings: Fit,
    seed: int,
) -> None:
    """Train the seconds of `network`, and nothing else.

    `silent_sound` (256,) are the features of silence.
    """
    width = network.config.seconds_width
    if width is None:
        raise ValueError("the network has no seconds; expected seconds_width in its config")
    torch.manual_seed(seed)
    made = with_new_seconds(network, width).seconds
    assert made is not None  # noqa: S101 - just made
    made.requires_grad_(True)
    weight = of_har.sampling_probabilities(examples.activity)
    chosen = np.cumsum(weight)
    spread = [float(each.float().std()) for each in (examples.audio, examples.imu)]
    classes = len(ACTIVITIES)

    def loss_of(rng: Generator) -> Tensor:
        rows = torch.from_numpy(np.searchsorted(chosen[:-1], rng.random(BATCH)))
        batch = examples.take(rows)
        view = torch.arange(BATCH), torch.from_numpy(rng.integers(_VIEWS, size=BATCH))
        fused, silent, scenarios = batch.fused[view], batch.is_silent[view], batch.scenarios[view]
        audio, imu = (
            each.float() + torch.randn(each.shape) * size * NOISE
            for each, size in zip((batch.audio, batch.imu), spread, strict=True)
        )
        by_second = made(
            fused,
            torch.where(silent[:, None, None], silent_sound, audio),
            batch.audio_mask[view],
            imu,
            batch.imu_mask[view],
            *of_har.scenario_texts(text, scenarios),
        )
        own, each = one_hot(batch.activity, classes), one_hot(batch.activities, classes)
        target = (1 - BY_SHARE) * own + BY_SHARE * each.float().mean(dim=1)
        target = torch.where(silent[:, None], torch.softmax(fused, dim=1), target)
        return cross_entropy(
            fused + by_second.added, target, label_smoothing=SMOOTHING
        ) + cross_entropy(
            by_second.seconds.flatten(0, 1), batch.activities.flatten(), label_smoothing=SMOOTHING
        )

    fit("seconds", made, loss_of, lambda: 0.0, replace(settings, checks=1), seed)
    network.seconds = made.requires_grad_(False).eval()


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.egolog.activity_seconds", description=__doc__
    )
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0, 1, 2], help="random seeds of the networks"
    )
    parser.add_argument(
        "--stretches", type=int, default=STRETCHES, help="number of composed training minutes"
    )
    parser.add_argument("--steps", type=int, default=STEPS, help="batches to learn from")
    parser.add_argument(
        "--weights",
        type=weights_folder,
        default=WEIGHTS_DIR,
        help="folder of the weights to start from",
    )
    parser.add_argument("--cache", type=kept_folder, help="cache folder of composed days")
    parser.add_argument("--out", type=output_file, required=True, help="output file of the weights")
    options = parser.parse_args(arguments)
    check_minimums(parser, options, seeds=0, stretches=1, steps=1)
    data = needed_recordings(parser, options)
    pin_one_thread()
    registry = Registry(options.weights)
    encoders, text = registry.load(ENCODERS).module, registry.load(SCENARIO_TEXT).module
    started = with_new_seconds(registry.load(HAR).module)
    with cache_folder(options.cache) as cache:
        examples, check = _examples(data, cache, options.stretches, encoders, started, text)
    losses, networks = {}, {}
    for seed in options.seeds:
        networks[seed] = network = copy.deepcopy(started)
        settings = Fit(_MINUTES, rate=RATE, steps=options.steps)
        train(network, text, silence(encoders), examples, settings, seed)
        losses[seed] = _report(f"seed {seed}", network, text, check)
    best = min(losses, key=lambda seed: losses[seed])
    saved = registry.save(HAR, networks[best], options.out, half=True)
    print(f"wrote {options.out}, of seed {best}, revision {saved.revision}")
    return 0


def _examples(
    data: Path, cache: Path, stretches: int, encoders: Encoders, fusion: Har, text: ScenarioText
) -> tuple[SecondExamples, ActivityExamples]:
    """Return the examples of `stretches` training minutes, and validation's windows."""
    unseen = Material.read(data, "validation")
    validation = compose(VALIDATION_SEED, VALIDATION, VALIDATION_S, unseen, cache, mono=False)
    check, _ = windows(encoders, validation)
    _report("before", fusion, text, check)
    material = Material.read(data, "train", REAL_SHARE)
    days = [
        compose(number, min(PART, stretches - first), STRETCH_S, material, cache)
        for number, first in enumerate(range(0, stretches, PART), 1)
    ]
    return examples_of_days(fusion, text, encoders, days), check


def _report(when: str, network: Har, text: ScenarioText, check: ActivityExamples) -> float:
    """Print the validation figures of `network`, and return its mean log loss."""
    losses, rows = [], []
    for name, shown in (("told", check), ("not told", of_har.without(check, "scenario"))):
        logits = of_har.in_parts(shown, partial(of_har.scores, network, text))
        right = float((logits.argmax(dim=1) == shown.activity).float().mean())
        losses.append(float(cross_entropy(logits, shown.activity)))
        rows.append(f"{name} {right:.4f} ({losses[-1]:.4f})")
    mean = float(np.mean(losses))
    print(f"{when}: accuracy (log loss) {', '.join(rows)}; mean {mean:.4f}", flush=True)
    return mean


if __name__ == "__main__":
    sys.exit(main())
