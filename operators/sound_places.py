"""Estimates distance and direction of each sound event of a record (EgoLog §4.4.1).

The regions of a second are those of all sounds together. The evidence for an event is the mean of
those of the seconds in which it was likely, weighted by its probability. Each second is taken by
itself: on validation days the memory of directions made no more events right. If the near field was
extracted (§4.3), the recogniser processed the near part and the remainder separately, and the
event's probabilities in both are evidence as well.

The calibration was fitted to validation days by
`python -m models.research.evaluation.localization.sound_places`, which prints the numbers below.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, prod
from typing import TYPE_CHECKING

from schemas.evidence import DIRECTIONS, DISTANCES, probabilities_in
from schemas.frames import NS
from schemas.sound_place import SoundPlace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas import ScenarioEstimate, Spatial
    from schemas.sound_place import Distance, NearAndFarSounds

MAX_APART = 2
"""Maximum number of segments processed separately; each costs as much as naming two segments."""


@dataclass(frozen=True)
class Calibration:
    """The logistic calibration of log-odds; `near_by_regions` is bias and slope.

    `near_by_parts` are bias, the slope of the regions, and that of the event's log-odds in the near
    part over the remainder. `direction` is the slope of the directions' log-odds.
    """

    near_by_regions: tuple[float, float]
    near_by_parts: tuple[float, float, float]
    direction: float


CALIBRATION = Calibration(
    near_by_regions=(0.18, 0.51),
    near_by_parts=(-0.09, 0.42, 0.13),
    direction=0.84,
)
# A less likely distance is unknown.
SURE = 0.6
# A direction is named if it is likelier than all others together.
SURE_DIRECTION = 0.5
# An event is present in seconds with at least half of its highest probability.
_PRESENT_SHARE = 0.5
# Bound on a single probability.
_SUREST = 0.999
_DECIMALS = 4


@dataclass(frozen=True)
class PlaceEvidence:
    """The evidence for one sound event's place, in log-odds.

    `near` is that of a near sound over a far one while it was present, `apart` that of the event in
    the near part over the remainder, None if they were not processed separately; `directions` those
    of a sound in each.
    """

    near: float
    apart: float | None
    directions: dict[str, float]


def segments_apart(
    estimate: ScenarioEstimate, seconds: Sequence[Spatial], segment_s: int
) -> list[int]:
    """Return the segments of a window to process near and far separately, at most `MAX_APART`.

    They are those in which a sound event is likeliest, if the near field was extracted there;
    events whose distance is most uncertain by the regions come first. Segments of another length
    than `segment_s` are ignored.
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
    apart: Mapping[int, NearAndFarSounds] | None = None,
) -> dict[str, SoundPlace]:
    """Return the place of each sound event of a window.

    `seconds` are the localized ones of the window, `apart` the near and far sounds in some of its
    segments.
    """
    return {
        name: _place(place_evidence(name, estimate, seconds, apart or {}))
        for name in estimate.event_segments
    }


def place_evidence(
    name: str,
    estimate: ScenarioEstimate,
    seconds: Sequence[Spatial],
    apart: Mapping[int, NearAndFarSounds],
) -> PlaceEvidence | None:
    """Return the evidence for a sound event's place; None if no localized second has it."""
    segments = estimate.event_segments[name]
    regions = _regions(estimate, segments, seconds)
    if not regions:
        return None
    separated, part = apart.get(_peak(segments)), None
    if separated is not None and name in separated.near:
        part = _log_odds(separated.near[name]) - _log_odds(separated.far[name])
    return _evidence(regions, part)


def place_of(regions: Mapping[str, float]) -> SoundPlace:
    """Return where a sound is, by the regions while it was heard; empty ones say nothing."""
    return _place(_evidence(regions, None) if regions else None)


def seconds_of_event(estimate: ScenarioEstimate, segments: Sequence[float]) -> dict[int, float]:
    """Return the seconds of a window in which a sound event is present, with its probability.

    `segments` are its probabilities in the window's equal parts.
    """
    length, least = _length_s(estimate, segments), _PRESENT_SHARE * max(segments, default=0.0)
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
    near, far = (_some_of(regions, distance) for distance in DISTANCES)
    directions: dict[str, float] = {each: _log_odds(_some_of(regions, each)) for each in DIRECTIONS}
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
    """Return the mean regions of the seconds in which an event is present, empty without any."""
    total, means = 0.0, dict[str, float]()
    weights = seconds_of_event(estimate, segments)
    for second in seconds:
        weight = weights.get(_second(estimate, second), 0.0)
        if not weight:
            continue
        total += weight
        for name, probability in second.by_itself.items():
            means[name] = means.get(name, 0.0) + weight * probability
    return {name: value / total for name, value in means.items()}


def _some_of(regions: Mapping[str, float], part: str) -> float:
    """Return the probability of sound in any region at a distance or in a direction."""
    return 1.0 - prod([1.0 - p for p in probabilities_in(regions, part)])


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
