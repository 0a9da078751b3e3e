"""What refining windows is worth, in micro-F1 of what the log then says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.labels import SCENARIOS
from models.loop.records import Lived
from models.training.metrics import micro_f1

if TYPE_CHECKING:
    from models.loop.labellers import Labeller

BELOW = 0.5

Array = NDArray[np.float32]


def doubtful(estimates: Array) -> NDArray[np.int64]:
    """Return the windows whose likeliest scenario is below 0.5, of estimates (N, 16)."""
    return np.flatnonzero(estimates.max(axis=1) < BELOW)


def stands(estimates: Array) -> Array:
    """Return what a log says of estimates (N, 16): all from 0.5 on, in doubt the likeliest."""
    said = (estimates >= BELOW).astype(np.float32)
    said[np.arange(len(said)), estimates.argmax(axis=1)] = 1.0
    return said


def refined(days: Lived, estimates: Array, labeller: Labeller) -> Array:
    """Return what a log says (N, 16) after refining; who says nothing leaves what stands."""
    said = stands(estimates)
    asked = labeller.looks_at(estimates)
    for number, answer in zip(asked, labeller(days, estimates, asked), strict=True):
        if answer:
            said[number] = np.isin(SCENARIOS, answer)
    return said


def gains(days: Lived, labeller: Labeller) -> dict[str, float]:
    """Return micro-F1 before and after, of the windows in doubt and of all.

    `answered` is the share that got an answer, of those that the labeller was asked about.

    Before is the local estimate as the log has it, so that naming the likeliest scenario of a
    window in doubt is no gain.
    """
    doubt = doubtful(days.scenarios)
    before, after = stands(days.scenarios), refined(days, days.scenarios, labeller)
    answers = labeller(days, days.scenarios, labeller.looks_at(days.scenarios))
    return {
        "windows": float(len(doubt)),
        "answered": float(np.mean([bool(answer) for answer in answers])) if answers else 0.0,
        "uncertain_before": micro_f1(before[doubt], days.truth[doubt]),
        "uncertain_after": micro_f1(after[doubt], days.truth[doubt]),
        "all_before": micro_f1(before, days.truth),
        "all_after": micro_f1(after, days.truth),
    }
