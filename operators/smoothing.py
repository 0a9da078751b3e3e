"""Scenario probabilities over the last ten minutes (EgoLog §5.5).

Thirty-second estimates flicker even inside one scenario; the daily log shows, for each of them, the
normalised probability of the ten minutes that end with it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from math import fsum, inf

from schemas.frames import NS

WINDOW_S = 600.0

Estimate = tuple[int, Mapping[str, float]]


def override(local: Mapping[str, float], refined: Sequence[str]) -> dict[str, float]:
    """Return the probabilities of one estimate: those of the refined labels, if any.

    local: label → probability, multi-label, so its sum is arbitrary. refined: the refiner's labels;
    they share a probability mass of 1, and replace the local estimate (EgoLog §4.4).
    """
    labels = list(dict.fromkeys(refined))
    if not labels:
        return dict(local)
    return {label: 1.0 / len(labels) for label in labels}


def smooth(
    scenarios: Sequence[Estimate], window_s: float = WINDOW_S
) -> list[tuple[int, dict[str, float]]]:
    """Return each estimate's mean over the `window_s` seconds that end with it, summing to 1.

    scenarios: (start_ns, {label: probability}) in any order. Each estimate is normalised before the
    mean, so that every 30 s has the same weight whatever its number of labels. The window has the
    estimates that start in (start − window_s, start]. Estimates with a sum of 0 are ignored; a
    window without others has an empty result. The output is sorted by start.

    Raises `ValueError` if `window_s` is not positive or a probability is negative.
    """
    if not window_s > 0:
        raise ValueError(f"window_s is {window_s}; expected a positive number of seconds")
    ordered = sorted(scenarios, key=lambda estimate: estimate[0])
    starts = [start for start, _ in ordered]
    shares = [_normalised(estimate) for _, estimate in ordered]
    width = round(window_s * NS)

    smoothed: list[tuple[int, dict[str, float]]] = []
    for start in starts:
        window = shares[bisect_right(starts, start - width) : bisect_right(starts, start)]
        smoothed.append((start, _normalised(_summed(window))))
    return smoothed


def _summed(window: Sequence[Mapping[str, float]]) -> dict[str, float]:
    terms: dict[str, list[float]] = {}
    for share in window:
        for label, value in share.items():
            terms.setdefault(label, []).append(value)
    # fsum rounds once, so the result does not depend on the order in which records came.
    return {label: fsum(terms[label]) for label in sorted(terms)}


def _normalised(estimate: Mapping[str, float]) -> dict[str, float]:
    for label, value in estimate.items():
        if not 0 <= value < inf:
            raise ValueError(
                f"probability of {label!r} is {value}; expected a finite number of 0 or more"
            )
    total = fsum(estimate.values())
    if total == 0:
        return {}
    return {label: value / total for label, value in estimate.items()}
