"""Fits the familiarity of motion on real training users, and its thresholds on validation.

Postures are compared with those of heads and trunks, which show them; walking and running with
those of all positions. A wrist's walking is far from what heads and trunks do, yet is recognised.
An ear's walking is of no position that is trained on, so the limit of walking and running is what
keeps data sets that are left out. By that rule no distance judges postures, and where a head or a
trunk is known to show them none does (`SHOWING_POSTURE`).
Mean and covariance exclude composed days: their simulated gestures would also make real motion of
unseen users appear familiar. As composed windows have sound, which is not judged, none of them is
called unfamiliar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from models.egolog.familiarity import ActivityFamiliarity, FamiliarityConfig, Reference
from models.egolog.out_of_distribution import FAMILIAR, LOCOMOTION
from models.egolog.tilt import POSTURES
from models.labels import ACTIVITIES
from models.research.egolog import har as of_har
from models.research.egolog.days.encoded import ACTIVITY_S
from models.research.lib.metrics import accuracy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.egolog.contrastive import Encoders
    from models.egolog.har import Har
    from models.egolog.scenario_text import ScenarioText
    from models.recordings.datasets.real_motion import MotionWindows
    from models.research.egolog.har import ActivityExamples

SHRINKAGE = 0.01
"""Share of the covariance that is the same in every direction; 0.003 to 0.2 do about the same."""
FAMILIAR_REAL = 0.95
"""Share of validation users' windows that are familiar."""
FAMILIAR_LEFT_OUT = 0.98
"""Share of walking and running of data sets left out that is familiar. A lower one makes hardly any
window outside of the closed set unfamiliar: those that are taken for walking are like it."""
KNOWN_REAL, KNOWN_COMPOSED = 0.88, 0.99
"""Least share of validation windows of known activity that are known, by motion alone and of
composed days with sound."""
_ROWS = 50 * ACTIVITY_S
_R = TypeVar("_R", bound=Reference)
_AT_ONCE = 256


class WearerWindows(NamedTuple):
    """Windows of training users, and of the validation users on whom limits are set."""

    train: MotionWindows
    check: MotionWindows


class SourceFeatures(NamedTuple):
    """Features (N, F) of windows, and the data set and device (N,) that each is of."""

    features: Tensor
    source: NDArray[np.str_]


def fit(
    encoders: Encoders,
    har: Har,
    text: ScenarioText,
    wearers: WearerWindows,
    anywhere: WearerWindows,
    days: ActivityExamples,
) -> ActivityFamiliarity:
    """Return the fit on training users, with thresholds set on validation users and on `days`.

    `wearers` are of head and waist, `anywhere` of all positions.
    """
    familiarity = of_features(motion_features(encoders, wearers.train.imu), ActivityFamiliarity)
    check = wearers.check
    features = motion_features(encoders, check.imu)[torch.from_numpy(check.activity >= 0)]
    familiar = set_limit(familiarity, features)
    train, moving = (features_of(LOCOMOTION, encoders, windows) for windows in anywhere)
    familiarity.locomotion = of_features(train.features, Reference)
    familiarity.locomotion.limit.fill_(left_out_limit(train, moving))
    moving_familiar = familiarity.locomotion(moving.features) >= FAMILIAR
    postures = [features_of(POSTURES, encoders, windows) for windows in wearers]
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
        f"familiarity: validation, limit {float(familiarity.limit):.2f}, of walking and running "
        f"{float(familiarity.locomotion.limit):.2f}, which keeps "
        f"{float(moving_familiar.float().mean()):.3f} of them familiar where heads and trunks keep "
        f"{float((familiarity(moving.features) >= FAMILIAR).float().mean()):.3f}, and of postures, "
        f"which judges none, {left_out_limit(*postures):.2f}; "
        f"least probability {least:.3f}, of motion without sound {by_motion:.3f}: known by it "
        f"{float((real >= by_motion).float().mean()):.3f}, of composed days "
        f"{float((composed >= least).float().mean()):.3f} at accuracy "
        f"{_accuracy_known(har, text, days, least):.3f}"
    )
    return familiarity


def set_limit(reference: Reference, features: Tensor) -> Tensor:
    """Set the limit that keeps `FAMILIAR_REAL` of `features` (N, F); return which it keeps (N,)."""
    distance = reference.distance(features)
    reference.limit.fill_(float(distance.quantile(FAMILIAR_REAL)))
    return distance <= reference.limit


def features_of(names: Sequence[str], encoders: Encoders, windows: MotionWindows) -> SourceFeatures:
    """Return the features of the activities `names` among `windows`."""
    own = np.isin(windows.activity, [ACTIVITIES.index(name) for name in names])
    return SourceFeatures(motion_features(encoders, windows.imu[own]), windows.source[own])


def left_out_limit(train: SourceFeatures, check: SourceFeatures) -> float:
    """Return the distance that keeps `FAMILIAR_LEFT_OUT` of sources that nothing was fitted on.

    Each source of `check` is compared with a reference of the others in `train`, and all count
    alike. Where `train` is of one source there are no others, and it is compared with itself.
    """
    sources, alone = np.unique(check.source), len(np.unique(train.source)) == 1
    distances, weights = [], []
    for source in sources:
        others = (train.source != source) | alone
        reference = of_features(train.features[torch.from_numpy(others)], Reference)
        own = reference.distance(check.features[torch.from_numpy(check.source == source)]).numpy()
        distances.append(own)
        weights.append(np.full(len(own), 1 / len(own) / len(sources)))
    distance, weight = np.concatenate(distances), np.concatenate(weights)
    return float(np.quantile(distance, FAMILIAR_LEFT_OUT, weights=weight, method="inverted_cdf"))


def of_features(features: Tensor, kind: type[_R]) -> _R:
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


def motion_features(encoders: Encoders, imu: NDArray[np.float32]) -> Tensor:
    """Return the features (N, F) of the middle five seconds of windows (N, T, 6) at 50 Hz."""
    spare = (imu.shape[1] - _ROWS) // 2
    middle = torch.from_numpy(imu[:, spare : spare + _ROWS])
    with torch.inference_mode():
        features = torch.cat(
            [encoders.imu_features(part) for part in torch.split(middle, _AT_ONCE)]
        )
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
