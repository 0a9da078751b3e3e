"""Complex activities, between two halves of one data set's users (LanHAR §4.4, Fig. 10).

No two data sets have the same complex activities, so halves of one data set's users replace two
data sets. Of random halves the pair with the largest distance between readings of the same
activities is used; no recognition result takes part in this choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.lanhar import descriptions
from models.lanhar.rotation_invariant import measures
from models.research.lanhar.evaluation.cross_dataset import evaluate
from models.research.lanhar.evaluation.divergence import relative_divergence
from models.research.lanhar.evaluation.evaluation_settings import EvaluationSettings
from models.research.lanhar.evaluation.shared_classes import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.research.lanhar.interpretation.windows import Windows
    from models.research.lib.tables import Figures

DRAWS = 20


def complex_activities(
    windows: Windows,
    seed: int,
    settings: EvaluationSettings = EvaluationSettings(),  # noqa: B008
    report_progress: Callable[[str], None] = lambda _line: None,
) -> Figures:
    """Return the figures of `evaluate` from one half of the users to the other.

    `divergence` is the mean relative divergence between the halves, `activities` how many there
    are, `users` how many each half has.
    """
    known = windows.where(np.isin(windows.label, descriptions.labels()))
    source, target, apart = farthest_halves(known, seed)
    names = tuple(sorted(set(source.label.tolist()) & set(target.label.tolist())))
    figures = evaluate(source, target, names, seed, settings, report_progress)
    users = [len(np.unique(part.user)) for part in (source, target)]
    return {"divergence": round(apart, 4), "activities": len(names), "users": users, **figures}


def farthest_halves(
    windows: Windows, seed: int, draws: int = DRAWS
) -> tuple[Windows, Windows, float]:
    """Return the halves of the users that lie farthest apart among `draws`, and how far.

    Raises `EvaluationError` for fewer than two users.
    """
    users = np.unique(windows.user)
    if len(users) < 2:
        raise EvaluationError(f"{windows.name} has {len(users)} users; expected 2 or more")
    measured = measures(windows.data).astype(np.float64)
    measured = (measured - measured.mean(axis=0)) / (measured.std(axis=0) + 1e-6)
    names = np.unique(windows.label).tolist()
    rng = np.random.default_rng(seed)
    best, apart = np.zeros(len(windows), bool), -np.inf
    for _ in range(draws):
        first = np.isin(windows.user, rng.permutation(users)[: len(users) // 2])
        between = relative_divergence(
            measured[first], windows.label[first], measured[~first], windows.label[~first], names
        )
        mean = float(np.mean(list(between.values())))
        if mean > apart:
            best, apart = first, mean
    return windows.where(best), windows.where(~best), apart
