"""Trains the fusion of sound, motion and scenario above the frozen encoders (EgoLog §4.3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.egolog.har import Har, HarConfig
from models.labels import SCENARIOS
from models.research.egolog.days.encoded import ACTIVITY_S, EncodedDays
from models.research.lib.column_dataset import ColumnDataset
from models.research.lib.fit import Fit, fit
from models.research.lib.metrics import accuracy

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator
    from numpy.typing import NDArray

    from models.egolog.contrastive import Encoders
    from models.egolog.scenario_text import ScenarioText

BATCH = 192
WITHOUT_AUDIO = 0.2
WITHOUT_IMU = 0.12
WITHOUT_SCENARIO = 0.35
WRONG_SCENARIO = 0.08
NOISE = 0.6
_AT_ONCE = 1024


@dataclass(frozen=True)
class ActivityExamples(ColumnDataset):
    """Encoded windows: features (N, F), masks and activity (N,), scenarios (N, 16) or zeros.

    `audio_seconds` and `imu_seconds` (N, n, F) are features of each of their n seconds.
    """

    audio: Tensor
    audio_mask: Tensor
    imu: Tensor
    imu_mask: Tensor
    audio_seconds: Tensor
    imu_seconds: Tensor
    scenarios: Tensor
    activity: Tensor


def of_days(days: EncodedDays) -> ActivityExamples:
    """Return every 5 s window with the true scenarios of its middle."""
    count = days.activity.shape[1]
    middle = torch.arange(count) * ACTIVITY_S + ACTIVITY_S // 2
    present = torch.ones(len(days) * count, dtype=torch.bool)
    return ActivityExamples(
        audio=days.audio_5s.flatten(0, 1),
        audio_mask=present,
        imu=days.imu_5s.flatten(0, 1),
        imu_mask=present,
        audio_seconds=days.audio_seconds.flatten(0, 1),
        imu_seconds=days.imu_seconds.flatten(0, 1),
        scenarios=days.scenarios[:, middle].flatten(0, 1),
        activity=days.activity.flatten(),
    )


def of_motion(features: Tensor, activity: NDArray[np.int64]) -> ActivityExamples:
    """Return real wearers' windows of known activity, without sound and scenario.

    `features` (N, 128) are of motion.
    """
    known = torch.from_numpy(activity >= 0)
    kept = features[known]
    present = torch.ones(len(kept), dtype=torch.bool)
    return ActivityExamples(
        audio=torch.zeros(len(kept), HarConfig().audio),
        audio_mask=~present,
        imu=kept,
        imu_mask=present,
        # Without sound the seconds add nothing.
        audio_seconds=torch.zeros(len(kept), ACTIVITY_S, HarConfig().audio),
        imu_seconds=torch.zeros(len(kept), ACTIVITY_S, HarConfig().imu),
        scenarios=torch.zeros(len(kept), len(SCENARIOS)),
        activity=torch.from_numpy(activity)[known],
    )


def of_windows(encoders: Encoders, mel: Tensor, imu: Tensor, activity: Tensor) -> ActivityExamples:
    """Return windows of n seconds: `mel` (N, 50·n, 64), `imu` (N, 50·n, 6); without scenarios."""
    with torch.inference_mode():
        seconds = encoders.seconds(mel)
        audio, audio_seconds = encoders.encode_seconds(seconds), encoders.audio_by_second(seconds)
        motion, imu_seconds = encoders.imu_by_second(imu)
    present = torch.ones(len(activity), dtype=torch.bool)
    return ActivityExamples(
        audio=audio,
        audio_mask=present,
        imu=motion,
        imu_mask=present,
        audio_seconds=audio_seconds,
        imu_seconds=imu_seconds,
        scenarios=torch.zeros(len(activity), len(SCENARIOS)),
        activity=activity,
    )


def scores(network: Har, text: ScenarioText, examples: ActivityExamples) -> Tensor:
    """Return activity logits (N, 16)."""
    logits: Tensor = network(
        *_of_whole_windows(text, examples), examples.audio_seconds, examples.imu_seconds
    )
    return logits


def fused_logits(network: Har, text: ScenarioText, examples: ActivityExamples) -> Tensor:
    """Return the logits (N, 16) of the fusion alone."""
    return network.fuse(*_of_whole_windows(text, examples))


def scenario_texts(text: ScenarioText, scenarios: Tensor) -> tuple[Tensor, Tensor]:
    """Return the texts (N, K, E) of the given `scenarios` (N, 16), and their mask."""
    most = max(1, int((scenarios > 0).sum(dim=1).max()))
    present, names = scenarios.topk(most, dim=1)  # (N, K)
    return text.table[names], present > 0


def _of_whole_windows(text: ScenarioText, examples: ActivityExamples) -> tuple[Tensor, ...]:
    return (
        examples.audio,
        examples.audio_mask,
        examples.imu,
        examples.imu_mask,
        *scenario_texts(text, examples.scenarios),
    )


def predict(network: Har, text: ScenarioText, examples: ActivityExamples) -> NDArray[np.int64]:
    """Return the likeliest activities (N,)."""
    logits = in_parts(examples, partial(scores, network, text))
    predicted: NDArray[np.int64] = logits.argmax(dim=1).numpy()
    return predicted


def in_parts(examples: ActivityExamples, logits_of: Callable[[ActivityExamples], Tensor]) -> Tensor:
    """Return the logits (N, 16) of many windows, computed part by part to bound the memory."""
    with torch.inference_mode():
        rows = torch.split(torch.arange(len(examples)), _AT_ONCE)
        return torch.cat([logits_of(examples.take(each)) for each in rows])


def replace_sound(examples: ActivityExamples, where: Tensor, silence: Tensor) -> ActivityExamples:
    """Return the windows with the features `silence` (F,) as sound where `where` (N,) is True.

    Those of a silent second and of several are the same.
    """
    return replace(
        examples,
        audio=torch.where(where[:, None], silence, examples.audio),
        audio_seconds=torch.where(where[:, None, None], silence, examples.audio_seconds),
    )


def without(examples: ActivityExamples, *names: str) -> ActivityExamples:
    """Return the windows without "audio", "imu" or "scenario"."""
    gone = torch.zeros_like(examples.audio_mask)
    if "audio" in names:
        examples = replace(examples, audio_mask=gone)
    if "imu" in names:
        examples = replace(examples, imu_mask=gone)
    if "scenario" in names:
        examples = replace(examples, scenarios=torch.zeros_like(examples.scenarios))
    return examples


def train(
    days: EncodedDays, check: EncodedDays, text: ScenarioText, settings: Fit, seed: int
) -> Har:
    """Return a fusion trained on windows of composed days; chosen on `check`."""
    torch.manual_seed(seed)
    examples, checked = of_days(days), of_days(check)
    network = Har(HarConfig(audio=days.audio.shape[2], imu=days.imu.shape[2]))
    weight = sampling_probabilities(examples.activity)
    spread = (float(days.audio_5s.std()), float(days.imu_5s.std()))

    def loss_of(rng: Generator) -> Tensor:
        rows = torch.from_numpy(rng.choice(len(weight), BATCH, p=weight))
        batch = corrupt_inputs(examples.take(rows), rng, spread)
        return torch.nn.functional.cross_entropy(
            scores(network, text, batch), batch.activity, label_smoothing=0.05
        )

    def score_of() -> float:
        examples = (checked, without(checked, "scenario"))
        return float(
            np.mean([accuracy(predict(network, text, e), e.activity.numpy()) for e in examples])
        )

    fitted = fit("har", network, loss_of, score_of, settings, seed)
    print(f"har: validation accuracy {fitted.score:.3f} (mean of with and without scenario)")
    return network


def corrupt_inputs(
    examples: ActivityExamples,
    rng: Generator,
    spread: tuple[float, float],
    without_scenario: float = WITHOUT_SCENARIO,
) -> ActivityExamples:
    """Drop inputs, add noise to features and corrupt scenarios, as happens in the pipeline.

    `without_scenario` is the share of windows that lose the scenario.
    """
    count = len(examples)
    scenarios = examples.scenarios.numpy().copy()
    wrong = rng.random(count) < WRONG_SCENARIO
    scenarios[wrong] = np.eye(scenarios.shape[1], dtype=np.float32)[
        rng.integers(0, scenarios.shape[1], int(wrong.sum()))
    ]
    scenarios[rng.random(count) < without_scenario] = 0
    lost = rng.random(count)
    return replace(
        examples,
        audio=examples.audio + torch.randn_like(examples.audio) * spread[0] * NOISE,
        audio_mask=examples.audio_mask & torch.from_numpy(lost >= WITHOUT_AUDIO),
        imu=examples.imu + torch.randn_like(examples.imu) * spread[1] * NOISE,
        imu_mask=examples.imu_mask & torch.from_numpy(lost <= 1 - WITHOUT_IMU),
        scenarios=torch.from_numpy(scenarios),
    )


def sampling_probabilities(activity: Tensor) -> NDArray[np.float64]:
    """Return each window's sampling probability (N,), higher for rare activities."""
    _, inverse, counts = np.unique(activity.numpy(), return_inverse=True, return_counts=True)
    weight = 1 / counts[inverse] ** 0.3
    even: NDArray[np.float64] = weight / weight.sum()
    return even
