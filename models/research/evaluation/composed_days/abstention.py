"""Costs and benefits of answering *unknown*, on unseen composed days as in the stream.

`coverage` is the share of windows that are not unknown, `accuracy_known` the accuracy over these,
and `lost` the share of all windows that are unknown although the prediction is right. `aurc` is
the area under the risk-coverage curve (Geifman et al. 2019): the error rate of the share c of
windows with the highest confidence, over all c. `lost_at_95` is `lost` at a coverage of 0.95.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from models.egolog.familiarity import FAMILIARITY, SCENARIO_FAMILIARITY, Familiarity
from models.egolog.out_of_distribution import is_unknown
from models.labels import ACTIVITIES, SCENARIOS
from models.research.egolog import har as of_har
from models.research.egolog import scenario as of_scenario
from models.research.evaluation.composed_days.scores import examples_as_streamed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.research.evaluation.composed_days.scores import Life, Networks
    from models.serving.registry import Registry
    from schemas.frames import Modality

Figures = dict[str, Any]

COVERAGE = 0.95
_PRESENT: tuple[Modality, ...] = ("audio", "imu")
_AT_ONCE = 1024


def measure(registry: Registry, networks: Networks, life: Life) -> Figures:
    """Return the figures for activities, and under `scenario` for the likeliest scenario."""
    examples = examples_as_streamed(networks, life.encoded)
    probability = _activities(networks, examples)
    hit = probability.argmax(axis=1) == examples.activity.numpy()
    familiarity = registry.load(FAMILIARITY).module
    near = familiarity(examples.imu).numpy()
    return {
        **figures(
            probability.max(axis=1), hit, _unknown(probability, ACTIVITIES, near, familiarity)
        ),
        "scenario": _scenarios(registry, networks, life),
    }


def figures(
    confidence: NDArray[np.float32], hit: NDArray[np.bool_], unknown: NDArray[np.bool_]
) -> Figures:
    """Score windows by confidence (N,), correctness (N,) and whether they are unknown (N,)."""
    known = ~unknown
    answered = np.zeros_like(known)
    answered[_surest(confidence)[: round(COVERAGE * len(hit))]] = True
    return {
        "windows": len(hit),
        "accuracy": float(hit.mean()),
        "coverage": float(known.mean()),
        "accuracy_known": float(hit[known].mean()) if known.any() else None,
        "lost": float((hit & unknown).mean()),
        "lost_at_95": float((hit & ~answered).mean()),
        "aurc": aurc(confidence, hit),
    }


def aurc(confidence: NDArray[np.float32], hit: NDArray[np.bool_]) -> float:
    """Return the mean over k of the error rate among the k most confident windows.

    `confidence` (N,), and whether each was a `hit` (N,).
    """
    wrong = ~hit[_surest(confidence)]
    return float((np.cumsum(wrong) / np.arange(1, len(wrong) + 1)).mean())


def _surest(confidence: NDArray[np.float32]) -> NDArray[np.int64]:
    order: NDArray[np.int64] = np.argsort(-confidence, kind="stable")
    return order


def _activities(networks: Networks, examples: of_har.ActivityExamples) -> NDArray[np.float32]:
    """Return the probabilities (N, 16) of the activities."""
    with torch.inference_mode():
        parts = [
            torch.softmax(of_har.scores(networks.har, networks.text, examples.take(rows)), dim=1)
            for rows in torch.split(torch.arange(len(examples)), _AT_ONCE)
        ]
    probability: NDArray[np.float32] = torch.cat(parts).numpy()
    return probability


def _scenarios(registry: Registry, networks: Networks, life: Life) -> Figures:
    windows = of_scenario.cut_windows(life.encoded, networks.encoders.space)
    probability = of_scenario.predict(networks.scenario, windows)
    truth = windows.scenarios.numpy() > 0
    hit = truth[np.arange(len(truth)), probability.argmax(axis=1)]
    familiarity = registry.load(SCENARIO_FAMILIARITY).module
    near = np.array([float(familiarity.together(rows)) for rows in windows.segments.imu_features])
    unknown = _unknown(probability, SCENARIOS, near, familiarity)
    return figures(probability.max(axis=1), hit, unknown)


def _unknown(
    probability: NDArray[np.float32],
    names: Sequence[str],
    near: NDArray[np.float32],
    familiarity: Familiarity,
) -> NDArray[np.bool_]:
    """Return which windows (N,) with sound and motion the pipeline calls unknown."""
    least = float(familiarity.least_probability)
    return np.array(
        [
            is_unknown(
                dict(zip(names, map(float, row), strict=True)),
                {"imu": float(imu)},
                _PRESENT,
                least,
            )
            for row, imu in zip(probability, near, strict=True)
        ],
        dtype=bool,
    )
