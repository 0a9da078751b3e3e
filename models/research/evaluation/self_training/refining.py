"""The gain from refining windows, in micro-F1 of the log's labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.labels import SCENARIOS
from models.research.evaluation.self_training.uncertainty import log_labels, uncertain
from models.research.lib.metrics import micro_f1

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.research.egolog.households.records import HouseholdWindows
    from models.research.evaluation.self_training.annotators import Annotator

# Confidences of the network below which an answer stands in the log.
THRESHOLDS = {"none": 0.0, "0.5": 0.5, "0.7": 0.7, "0.9": 0.9, "all": 1.01}

Array = NDArray[np.float32]


def refine(estimates: Array, asked: NDArray[np.int64], answers: Sequence[Sequence[str]]) -> Array:
    """Return the log's labels (N, 16) after refining; an empty answer changes nothing."""
    labels = log_labels(estimates)
    for number, answer in zip(asked, answers, strict=True):
        if answer:
            labels[number] = [name in answer for name in SCENARIOS]
    return labels


def by_threshold(days: HouseholdWindows, annotator: Annotator) -> dict[str, float]:
    """Return micro-F1 of all windows, by the confidence below which an answer stands in the log."""
    asked = annotator.looks_at(days.scenarios)
    answers = annotator(days, days.scenarios, asked)
    scores = {}
    for name, below in THRESHOLDS.items():
        doubted = np.isin(asked, uncertain(days.scenarios, below))
        stand = [answer for answer, stands in zip(answers, doubted, strict=True) if stands]
        scores[name] = micro_f1(refine(days.scenarios, asked[doubted], stand), days.truth)
    return scores


def gains(days: HouseholdWindows, annotator: Annotator) -> dict[str, float]:
    """Return micro-F1 before and after, of the windows in doubt and of all.

    `answered` is the share that got an answer, of those that the annotator was asked about.

    Before is the local estimate as the log decides it, so that naming the likeliest scenario of a
    window in doubt is no gain.
    """
    uncertainty, asked = uncertain(days.scenarios), annotator.looks_at(days.scenarios)
    answers = annotator(days, days.scenarios, asked)
    before, after = log_labels(days.scenarios), refine(days.scenarios, asked, answers)
    return {
        "windows": float(len(uncertainty)),
        "answered": float(np.mean([bool(answer) for answer in answers])) if answers else 0.0,
        "uncertain_before": micro_f1(before[uncertainty], days.truth[uncertainty]),
        "uncertain_after": micro_f1(after[uncertainty], days.truth[uncertainty]),
        "all_before": micro_f1(before, days.truth),
        "all_after": micro_f1(after, days.truth),
    }
