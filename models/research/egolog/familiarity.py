"""Fits the familiarity of motion on real training users, and its two thresholds on validation.

Mean and covariance exclude composed days: their simulated gestures would also make real motion of
unseen users appear familiar. As composed windows have sound, which is not judged, none of them is
called unfamiliar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from torch import Tensor

from models.egolog.familiarity import ActivityFamiliarity, Familiarity, FamiliarityConfig
from models.research.egolog import har as of_har
from models.research.egolog.days.encoded import ACTIVITY_S
from models.research.lib.metrics import accuracy

if TYPE_CHECKING:
    from models.egolog.contrastive import Encoders
    from models.egolog.har import Har
    from models.egolog.scenario_text import ScenarioText
    from models.recordings.datasets.real_motion import MotionWindows
    from models.research.egolog.har import ActivityExamples

SHRINKAGE = 0.01
"""Share of the covariance that is the same in every direction; 0.003 to 0.2 do about the same."""
FAMILIAR_REAL = 0.95
"""Share of validation users' windows that are familiar."""
KNOWN_REAL, KNOWN_COMPOSED = 0.88, 0.99
"""Least share of validation windows of known activity that are known, by motion alone and of
composed days with sound."""
_ROWS = 50 * ACTIVITY_S
_F = TypeVar("_F", bound=Familiarity)
_AT_ONCE = 256


def fit(
    encoders: Encoders,
    har: Har,
    text: ScenarioText,
    train: MotionWindows,
    check: MotionWindows,
    days: ActivityExamples,
) -> ActivityFamiliarity:
    """Return the fit on `train`, with thresholds set on other users' `check` and on `days`."""
    familiarity = of_features(motion_features(encoders, train), ActivityFamiliarity)
    features = motion_features(encoders, check)[torch.from_numpy(check.activity >= 0)]
    distance = familiarity.distance(features)
    familiarity.limit.fill_(float(distance.quantile(FAMILIAR_REAL)))
    familiar = distance <= familiarity.limit
    alone = of_har.of_motion(features, np.zeros(len(features), np.int64))
    real = torch.where(familiar, likeliest(har, text, alone), torch.zeros(()))
    composed = torch.cat(
        [likeliest(har, text, of_har.without(days, *names)) for names in ((), ("scenario",))]
    )
    least = float(composed.quantile(1 - KNOWN_COMPOSED))
    by_motion = float(real.quantile(1 - KNOWN_REAL))
    familiarity.least_probability.fill_(least)
    familiarity.least_by_motion.fill_(by_motion)
    print(
        f"familiarity: validation, limit {float(familiarity.limit):.2f}, least probability "
        f"{least:.3f}, of motion without sound {by_motion:.3f}: known by it "
        f"{float((real >= by_motion).float().mean()):.3f}, of composed days "
        f"{float((composed >= least).float().mean()):.3f} at accuracy "
        f"{_accuracy_known(har, text, days, least):.3f}"
    )
    return familiarity


def of_features(features: Tensor, kind: type[_F]) -> _F:
    """Return the mean and whitening of `features` (N, F), rounded as they are stored."""
    values = features.double().numpy()
    covariance = np.cov(values.T)
    width = len(covariance)
    even = np.trace(covariance) / width * np.eye(width)
    precision = np.linalg.inv((1 - SHRINKAGE) * covariance + SHRINKAGE * even)
    familiarity = kind(FamiliarityConfig(features=width))
    for buffer, value in (
        (familiarity.mean, values.mean(axis=0)),
        (familiarity.whitening, np.linalg.cholesky(precision)),
    ):
        buffer.copy_(torch.from_numpy(value).half())
    return familiarity


def motion_features(encoders: Encoders, windows: MotionWindows) -> Tensor:
    """Return the features (N, F) of the middle five seconds of each window."""
    spare = (windows.imu.shape[1] - _ROWS) // 2
    imu = torch.from_numpy(windows.imu[:, spare : spare + _ROWS])
    with torch.inference_mode():
        features = torch.cat([encoders.imu_features(part) for part in torch.split(imu, _AT_ONCE)])
    return features.clone()


def likeliest(har: Har, text: ScenarioText, examples: ActivityExamples) -> Tensor:
    """Return the probability (N,) of each window's likeliest activity."""
    with torch.inference_mode():
        parts = [
            torch.softmax(of_har.scores(har, text, examples.take(rows)), dim=1).amax(dim=1)
            for rows in torch.split(torch.arange(len(examples)), _AT_ONCE)
        ]
    return torch.cat(parts).clone()


def _accuracy_known(har: Har, text: ScenarioText, days: ActivityExamples, least: float) -> float:
    known = (likeliest(har, text, days) >= least).numpy()
    predicted = of_har.predict(har, text, days)
    return accuracy(predicted[known], days.activity.numpy()[known])
