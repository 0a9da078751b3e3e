"""Fits the familiarity of a scenario window's motion, and its two thresholds.

As for activities (`models.research.egolog.familiarity`), mean and covariance are those of real
training users' segments. The threshold is on a window's mean distance over its segments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.egolog.familiarity import Familiarity
from models.research.egolog import scenario as of_scenario
from models.research.egolog.days.encoded import SEGMENT_S
from models.research.egolog.familiarity import FAMILIAR_REAL, of_features
from models.research.lib.metrics import separation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.egolog.contrastive import Encoders
    from models.egolog.scenario import ScenarioNet
    from models.recordings.datasets.real_motion import MotionWindows
    from models.research.egolog.scenario import ScenarioWindows

_ROWS = 50 * SEGMENT_S
_AT_ONCE = 256
KNOWN_COMPOSED = 0.95
"""Least share of composed validation windows whose scenario is known."""


def fit(
    encoders: Encoders,
    network: ScenarioNet,
    train: MotionWindows,
    check: MotionWindows,
    days: ScenarioWindows,
) -> Familiarity:
    """Return the fit on `train`, with thresholds set on other users' `check` and on `days`.

    At least `KNOWN_COMPOSED` of the windows of `days` are known, by both modalities and by sound.
    """
    familiarity = of_features(segment_features(encoders, train).flatten(0, 1), Familiarity)
    features = segment_features(encoders, check)  # (N, S, F)
    distance = familiarity.distance(features.flatten(0, 1)).view(features.shape[:2]).mean(dim=1)
    familiarity.limit.fill_(float(distance.quantile(FAMILIAR_REAL)))
    both, audio_only = (of_scenario.predict(network, days, only) for only in (None, "audio"))
    least = min(_quantile(p.max(axis=1), 1 - KNOWN_COMPOSED) for p in (both, audio_only))
    familiarity.least_probability.fill_(least)
    truth = days.scenarios.numpy() > 0
    rows = days.segments.imu_features
    far = familiarity.distance(rows.flatten(0, 1)).view(rows.shape[:2]).mean(dim=1).numpy()
    right = truth[np.arange(len(truth)), both.argmax(axis=1)]
    print(
        f"scenario familiarity: validation, limit {float(familiarity.limit):.2f}, least "
        f"probability {least:.3f}; by both {_known_figures(both, truth, least)}, by sound "
        f"{_known_figures(audio_only, truth, least)}; right is told from wrong at "
        f"{separation(both.max(axis=1), right):.3f} by the probability, at "
        f"{separation(-far, right):.3f} by the distance"
    )
    return familiarity


def segment_features(encoders: Encoders, windows: MotionWindows) -> Tensor:
    """Return the features (N, S, F) of each window's segments."""
    count = windows.imu.shape[1] // _ROWS
    imu = torch.from_numpy(windows.imu[:, : count * _ROWS].reshape(-1, _ROWS, 6))
    with torch.inference_mode():
        parts = [encoders.imu_features(part) for part in torch.split(imu, _AT_ONCE)]
    return torch.cat(parts).view(len(windows.imu), count, -1).clone()


def _quantile(values: NDArray[np.float32], share: float) -> float:
    """Return a value that at most `share` of `values` are below."""
    return float(np.quantile(values, share, method="lower"))


def _known_figures(probability: NDArray[np.float32], truth: NDArray[np.bool_], least: float) -> str:
    right = truth[np.arange(len(truth)), probability.argmax(axis=1)]
    known = probability.max(axis=1) >= least
    return f"{known.mean():.3f} known, {right[known].mean():.3f} of them right"
