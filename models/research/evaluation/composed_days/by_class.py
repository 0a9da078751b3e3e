"""Activity recall by class, accuracy by number of classes, and similarity within scenarios.

EgoLog Figs. 2, 6, 7 and 18, on composed days. Inputs are sound and motion together, each alone,
and both with the scenario.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.cluster.vq import kmeans2

from models.labels import ACTIVITIES, SCENARIOS
from models.lanhar.text_encoder import LANHAR_TEXT
from models.research.egolog import har as of_har
from models.research.evaluation.composed_days.scores import examples_as_streamed
from models.research.lib.metrics import accuracy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from models.research.evaluation.composed_days.scores import Life, Networks
    from models.serving.registry import Registry

    Indices = NDArray[np.int64]
    Vectors = NDArray[np.float64]

Figures = dict[str, Any]

SHOWN: Mapping[str, tuple[str, ...]] = {
    "told the scenario": (),
    "sound and motion": ("scenario",),
    "sound": ("imu", "scenario"),
    "motion": ("audio", "scenario"),
}
"""The inputs that are withheld, by the name of the rest."""
GROUPS = (2, 4, 8, 16)
SEED = 0


def measure(registry: Registry, networks: Networks, life: Life) -> Figures:
    """Return `classes`, `groups` and `similarity` of unseen stretches.

    `classes` has each activity's windows and its recall by input, `groups` the accuracy after
    merging activities with similar names, by the number of groups, and `similarity` each
    scenario's similarity within itself and to others.
    """
    examples = examples_as_streamed(networks, life.encoded)
    truth = examples.activity.numpy()
    predictions = {
        name: of_har.predict(networks.har, networks.text, of_har.without(examples, *left_out))
        for name, left_out in SHOWN.items()
    }
    names = registry.load(LANHAR_TEXT).module.encode(ACTIVITIES).double().numpy()
    whole = of_har.of_days(life.encoded)
    return {
        "classes": by_class(predictions, truth),
        "groups": by_groups(predictions, truth, names),
        "similarity": similarity(whole.scenarios.numpy() >= 0.5, whole.activity.numpy(), names),
    }


def by_class(predictions: Mapping[str, Indices], truth: Indices) -> Figures:
    """Return `{activity: {"windows", input: recall}}` of predicted and true indices (N,)."""
    return {
        ACTIVITIES[at]: {
            "windows": int((truth == at).sum()),
            **{shown: float((one[truth == at] == at).mean()) for shown, one in predictions.items()},
        }
        for at in np.unique(truth)
    }


def by_groups(predictions: Mapping[str, Indices], truth: Indices, names: Vectors) -> Figures:
    """Return `{groups: {input: accuracy}}`, grouped by K-means of the names' vectors (A, E).

    Nothing is retrained: predicting another activity of the same group is right (EgoLog §3.3).
    """
    figures: Figures = {}
    for count in GROUPS:
        group = np.arange(len(names))
        if count < len(names):
            _, group = kmeans2(names, count, minit="++", rng=SEED, iter=100)
        figures[str(count)] = {
            shown: accuracy(group[one], group[truth]) for shown, one in predictions.items()
        }
    return figures


def similarity(scenarios: NDArray[np.bool_], activity: Indices, names: Vectors) -> Figures:
    """Return `{scenario: {"intra", "inter"}}`, cosines of the names of two windows' activities.

    Of two windows of the scenario, and of one of it and one of another scenario (EgoLog §3.1):
    `scenarios` (N, 16) that are true of each, its `activity` (N,) and unit vectors `names` (A, E).
    """
    alike = names @ names.T
    count = np.stack([np.bincount(activity[row], minlength=len(names)) for row in scenarios.T])
    present = np.flatnonzero(count.sum(axis=1))
    share = count / np.maximum(count.sum(axis=1, keepdims=True), 1)
    mean = share @ alike @ share.T
    return {
        SCENARIOS[at]: {
            "intra": float(mean[at, at]),
            "inter": float(np.mean([mean[at, other] for other in present if other != at])),
        }
        for at in present
    }
