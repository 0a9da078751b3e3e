"""Where each sound event of a record is: near or far, and on which side (EgoLog §4.4.1).

The regions of a second are of all sounds together. An event takes those of the seconds in which it
was likely, the likeliest counting most. Where the near field was extracted (§4.3) the recogniser
heard the near part and the remainder separately, and how likely the event is in each counts too.

The calibration was fitted to validation days by
`python -m models.research.evaluation.localization.sound_places`, which prints the numbers below.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, prod
from typing import TYPE_CHECKING

from schemas.evidence import DIRECTIONS, DISTANCES
from schemas.frames import NS
from schemas.sound_place import SoundPlace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas import ScenarioEstimate, Spatial
    from schemas.sound_place import Distance, HeardApart

MAX_APART = 2
"""Segments of a window that are heard apart; each costs what naming two segments does."""


@dataclass(frozen=True)
class Calibration:
    """How log-odds become probabilities; `near_by_regions` is bias and slope.

    `near_by_parts` are bias, the slope of the regions, and that of how much likelier the event is
    in what is near than in what remains. `direction` is the slope of the directions' log-odds.
    """

    near_by_regions: tuple[float, float]
    near_by_parts: tuple[float, float, float]
    direction: float


CALIBRATION = Calibration(
    near_by_regions=(0.07, 0.49),
    near_by_parts=(-0.47, 0.4, 0.15),
    direction=0.86,
)
# A less likely distance is unknown.
SURE = 0.6
# A direction is said where it is likelier than all others together.
SURE_DIRECTION = 0.5
# An event is heard where it is at least half as likely as where it is likeliest.
_HEARD = 0.5
# Nobody is surer of any one thing.
_SUREST = 0.999
_DECIMALS = 4


@dataclass(frozen=True)
class PlaceEvidence:
    """What says where one sound event is, in log-odds.

    `near` is of a near sound over a far one while it was heard, `apart` of the event in what is
    near over what remains, None where they were not heard apart; `directions` of a sound in each.
    """

    near: float
    apart: float | None
    directions: dict[str, float]


def segments_apart(
    estimate: ScenarioEstimate, seconds: Sequence[Spatial], segment_s: int
) -> list[int]:
    """Return the segments of a window to hear near and far apart in, at most `MAX_APART`.

    They are those in which some sound event is likeliest, where the near field was extracted; those
    of events whose distance the regions leave most open come first. Segments of another length than
    `segment_s` are none.
    """
    extracted = {_second(estimate, s) // segment_s for s in seconds if s.near_field is not None}
    undecided: list[tuple[float, int]] = []
    for name, segments in estimate.event_segments.items():
        peak = _peak(segments)
        if _length_s(estimate, segments) != segment_s or peak not in extracted:
            continue
        evidence = place_evidence(name, estimate, seconds, {})
        if evidence is not None:
            undecided.append((abs(near_probability(evidence) - 0.5), peak))
    return list(dict.fromkeys(peak for _, peak in sorted(undecided)))[:MAX_APART]


def sound_places(
    estimate: ScenarioEstimate,
    seconds: Sequence[Spatial],
    apart: Mapping[int, HeardApart] | None = None,
) -> dict[str, SoundPlace]:
    """Return where each sound event of a window is.

    `seconds` are those of the window that were localized, `apart` what was heard near and far in
    some of its segments.
    """
    return {
        name: _place(place_evidence(name, estimate, seconds, apart or {}))
        for name in estimate.event_segments
    }


def place_evidence(
    name: str,
    estimate: ScenarioEstimate,
    seconds: Sequence[Spatial],
    apart: Mapping[int, HeardApart],
) -> PlaceEvidence | None:
    """Return what says where a sound event is; None where it was heard in no localized second."""
    segments = estimate.event_segments[name]
    regions = _regions(estimate, segments, seconds)
    if not regions:
        return None
    heard, part = apart.get(_peak(segments)), None
    if heard is not None and name in heard.near:
        part = _log_odds(heard.near[name]) - _log_odds(heard.far[name])
    return _evidence(regions, part)


def place_of(regions: Mapping[str, float]) -> SoundPlace:
    """Return where a sound is, by the regions while it was heard; empty ones say nothing."""
    return _place(_evidence(regions, None) if regions else None)


def heard_seconds(estimate: ScenarioEstimate, segments: Sequence[float]) -> dict[int, float]:
    """Return the seconds of a window in which a sound event was heard, and how likely it was then.

    `segments` are its probabilities in the window's equal parts.
    """
    length, least = _length_s(estimate, segments), _HEARD * max(segments, default=0.0)
    return {
        second: probability
        for at, probability in enumerate(segments)
        if probability > 0.0 and probability >= least
        for second in range(at * length, (at + 1) * length)
    }


def near_probability(evidence: PlaceEvidence, by: Calibration = CALIBRATION) -> float:
    """Return the probability that a sound event is near."""
    if evidence.apart is None:
        bias, slope = by.near_by_regions
        return _logistic(bias + slope * evidence.near)
    bias, slope, apart = by.near_by_parts
    return _logistic(bias + slope * evidence.near + apart * evidence.apart)


def direction_probabilities(
    evidence: PlaceEvidence, by: Calibration = CALIBRATION
) -> dict[str, float]:
    """Return the probability of each direction of a sound event; they sum to 1."""
    odds = {name: exp(by.direction * value) for name, value in evidence.directions.items()}
    whole = sum(odds.values())
    return {name: value / whole for name, value in odds.items()}


def _evidence(regions: Mapping[str, float], apart: float | None) -> PlaceEvidence:
    near, far = (_some_of(regions, f"-{distance}") for distance in DISTANCES)
    directions: dict[str, float] = {
        each: _log_odds(_some_of(regions, f"{each}-")) for each in DIRECTIONS
    }
    return PlaceEvidence(_log_odds(near) - _log_odds(far), apart, directions)


def _place(evidence: PlaceEvidence | None) -> SoundPlace:
    if evidence is None:
        return SoundPlace()
    near, directions = near_probability(evidence), direction_probabilities(evidence)
    direction = max(DIRECTIONS, key=lambda name: directions[name])
    likely = directions[direction]
    surest: Distance = "near" if near >= 0.5 else "far"
    return SoundPlace(
        distance=surest if max(near, 1.0 - near) >= SURE else "unknown",
        near=round(near, _DECIMALS),
        direction=direction if likely > SURE_DIRECTION else None,
        direction_probability=round(likely, _DECIMALS),
        apart=evidence.apart is not None,
    )


def _regions(
    estimate: ScenarioEstimate, segments: Sequence[float], seconds: Sequence[Spatial]
) -> dict[str, float]:
    """Return the mean regions of the seconds in which an event was heard, empty without any."""
    total, means = 0.0, dict[str, float]()
    weights = heard_seconds(estimate, segments)
    for second in seconds:
        weight = weights.get(_second(estimate, second), 0.0)
        total += weight
        for name, probability in second.regions.items():
            means[name] = means.get(name, 0.0) + weight * probability
    return {name: value / total for name, value in means.items()} if total > 0 else {}


def _some_of(regions: Mapping[str, float], part: str) -> float:
    """Return the probability that any region with `part` in its name sounds."""
    return 1.0 - prod(1.0 - p for name, p in regions.items() if part in name)


def _second(estimate: ScenarioEstimate, second: Spatial) -> int:
    return (second.start_ns - estimate.start_ns) // NS


def _length_s(estimate: ScenarioEstimate, segments: Sequence[float]) -> int:
    return max(1, (estimate.end_ns - estimate.start_ns) // (NS * max(1, len(segments))))


def _peak(segments: Sequence[float]) -> int:
    return max(range(len(segments)), key=lambda at: segments[at], default=0)


def _log_odds(probability: float) -> float:
    clipped = min(max(probability, 1.0 - _SUREST), _SUREST)
    return log(clipped / (1.0 - clipped))


def _logistic(value: float) -> float:
    return 1.0 / (1.0 + exp(-value))
