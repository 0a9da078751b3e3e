"""Evaluation of scenarios and activities on unseen composed days, binaural and as in the stream.

A stretch is 150 s. As in the pipeline, the activity network gets the scenario of the previous
30 s, so a stretch's first 30 s count for the scenario only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.egolog.contrastive import ENCODERS
from models.egolog.har import HAR
from models.egolog.scenario import SCENARIO, WITHOUT_CONTRASTIVE, WITHOUT_SEQUENCE
from models.egolog.scenario_memory import MEMORY_S, smooth_estimates
from models.egolog.scenario_sets import CHANGED, TRUST, USUAL
from models.egolog.scenario_text import SCENARIO_TEXT
from models.labels import SCENARIOS
from models.research.egolog import har as of_har
from models.research.egolog import scenario as of_scenario
from models.research.egolog.days.composed import Days, compose
from models.research.egolog.days.encoded import EncodedDays, encode
from models.research.lib.metrics import accuracy, chance_f1, micro_f1
from models.serving.predict import detected_scenarios

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from models.egolog.contrastive import Encoders
    from models.egolog.har import Har
    from models.egolog.scenario import ScenarioNet
    from models.egolog.scenario_text import ScenarioText
    from models.research.egolog.har import ActivityExamples
    from models.serving.registry import Registry
    from models.simulation.sources.material import Material

STRETCH_S = 150
# Three stretches a scenario.
STRETCHES = 48
WINDOWS_A_SCENARIO = of_scenario.WINDOW_S // 5
SEED = 9_000


@dataclass(frozen=True)
class Networks:
    """The shipped networks that are evaluated on composed days."""

    encoders: Encoders
    scenario: ScenarioNet
    har: Har
    text: ScenarioText

    @classmethod
    def load(cls, registry: Registry) -> Networks:
        """Load them; raises `RegistryError`."""
        return cls(
            registry.load(ENCODERS).module,
            registry.load(SCENARIO).module,
            registry.load(HAR).module,
            registry.load(SCENARIO_TEXT).module,
        )


@dataclass(frozen=True)
class Life:
    """Unseen stretches, rendered and encoded."""

    days: Days
    encoded: EncodedDays


def unseen_life(
    networks: Networks, material: Material, seed: int, cache: Path, count: int = STRETCHES
) -> Life:
    """Compose and encode `count` stretches of unseen material."""
    days = compose(SEED + seed, count, STRETCH_S, material, cache, mono=False)
    return Life(days, encode(networks.encoders, days))


def scenario_f1(network: ScenarioNet, encoders: Encoders, days: EncodedDays, seconds: int) -> float:
    """Micro-F1 of windows of `seconds`, end to end."""
    windows = of_scenario.cut_windows(days, encoders.space, seconds)
    return micro_f1(of_scenario.predict(network, windows), windows.scenarios.numpy())


def measure_scenario(registry: Registry, networks: Networks, life: Life) -> dict[str, float]:
    """Return the multi-label F1 of 30 s windows, whole and without a part (EgoLog Table 2).

    `f1_with_memory` is that of the logged estimates, smoothed by the minutes before.
    """
    windows = of_scenario.cut_windows(life.encoded, networks.encoders.space)
    truth = windows.scenarios.numpy()
    own = of_scenario.predict(networks.scenario, windows)
    figures = {
        "f1": micro_f1(own, truth),
        "f1_with_memory": micro_f1(with_memory(own, len(life.encoded)), truth),
        "f1_audio": micro_f1(of_scenario.predict(networks.scenario, windows, "audio"), truth),
        "f1_imu": micro_f1(of_scenario.predict(networks.scenario, windows, "imu"), truth),
        "chance": chance_f1(truth),
    }
    plain = of_scenario.cut_windows(life.encoded.plain(), networks.encoders.space)
    for key, weights, examples in (
        ("f1_without_contrastive", WITHOUT_CONTRASTIVE, plain),
        ("f1_without_sequence", WITHOUT_SEQUENCE, windows),
    ):
        network = registry.load(weights).module
        figures[key] = micro_f1(of_scenario.predict(network, examples), truth)
    return figures


def with_memory(
    own: NDArray[np.float32],
    stretches: int,
    memory_s: float = MEMORY_S,
    changed: float = CHANGED,
    trust: float = TRUST,
    usual: float = USUAL,
) -> NDArray[np.float32]:
    """Return estimates (N, 16) smoothed by the earlier ones of the same stretch."""
    out = np.empty_like(own)
    for first in range(0, len(own), len(own) // stretches):
        estimates: list[tuple[float, dict[str, float]]] = []
        for at in range(first, first + len(own) // stretches):
            start_s = float(at * of_scenario.WINDOW_S)
            estimates.append((start_s, dict(zip(SCENARIOS, map(float, own[at]), strict=True))))
            smoothed = smooth_estimates(estimates, memory_s, changed, trust, usual)
            out[at] = [smoothed[name] for name in SCENARIOS]
    return out


def examples_as_streamed(networks: Networks, days: EncodedDays) -> ActivityExamples:
    """Every 5 s window after the first 30 s, with the scenarios estimated for the 30 s before."""
    windows = of_scenario.cut_windows(days, networks.encoders.space)
    per = days.seconds // of_scenario.WINDOW_S
    own = of_scenario.predict(networks.scenario, windows)  # (N·per, 16)
    estimated = with_memory(own, len(days))
    named = [dict(zip(SCENARIOS, map(float, row), strict=True)) for row in estimated]
    context = torch.from_numpy(np.stack([scenario_row(each) for each in named]))
    context = context.view(len(days), per, -1)[:, :-1]  # (N, per - 1, 16)
    context = context.repeat_interleave(WINDOWS_A_SCENARIO, dim=1)
    later = [slice(None), slice(WINDOWS_A_SCENARIO, per * WINDOWS_A_SCENARIO)]
    streamed = replace(
        days,
        audio_5s=days.audio_5s[tuple(later)],
        imu_5s=days.imu_5s[tuple(later)],
        audio_seconds=days.audio_seconds[tuple(later)],
        imu_seconds=days.imu_seconds[tuple(later)],
        activity=days.activity[tuple(later)],
    )
    return replace(of_har.of_days(streamed), scenarios=context.flatten(0, 1))


def scenario_row(scenarios: Mapping[str, float]) -> NDArray[np.float32]:
    """Return the scenario input (16,) of the activity network: 0 or 1."""
    return np.isin(SCENARIOS, detected_scenarios(scenarios)).astype(np.float32)


def measure_har(networks: Networks, life: Life) -> dict[str, float]:
    """Return the accuracy of 5 s windows, whole and without a part (EgoLog Fig. 19, Table 1)."""
    examples = examples_as_streamed(networks, life.encoded)
    truth = examples.activity.numpy()

    def score(examples: ActivityExamples) -> float:
        return accuracy(of_har.predict(networks.har, networks.text, examples), truth)

    return {
        "accuracy": score(examples),
        "accuracy_audio": score(of_har.without(examples, "imu", "scenario")),
        "accuracy_imu": score(of_har.without(examples, "audio", "scenario")),
        "accuracy_without_scenario": score(of_har.without(examples, "scenario")),
        "chance": float(np.bincount(truth).max() / len(truth)),
    }
