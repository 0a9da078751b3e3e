"""Evaluate distance and direction of sound events on composed days (EgoLog §4.4.1).

Each half minute is processed by networks and operator as in a worker that extracts the near field.
Scored are the named events that are audible in the seconds of their detection, compared with the
single place that the regions of the whole half minute give to all events.
`python -m models.research.evaluation.localization.sound_places` fits
`operators.sound_places.CALIBRATION` to validation days and prints it.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from tqdm import tqdm

from models.egolog.interference_gate import wants_near_field
from models.egolog.microphone_balance import balanced_in_turn
from models.egolog.near_share import NearAndFar
from models.labels import SOUND_EVENTS
from models.network.windows import SEGMENT_S
from models.research.egolog.days import placed as placed_days
from models.research.egolog.days.composed import FRAMES
from models.research.egolog.scenario import WINDOW_S
from models.research.lib.metrics import calibration_error
from models.research.lib.recordings_folder import recordings_or_simulated
from models.serving.near_field import NearFieldExtractor
from models.serving.one_thread import pin_one_thread
from models.serving.predict import (
    LocalizerInput,
    ScenarioInput,
    ScenarioOutput,
    ScenarioRecognizer,
    SoundLocalizer,
)
from models.serving.registry import WEIGHTS_DIR, Registry
from models.simulation.sources.material import Material
from operators.sound_places import (
    CALIBRATION,
    SURE,
    SURE_DIRECTION,
    Calibration,
    PlaceEvidence,
    direction_probabilities,
    near_probability,
    place_evidence,
    seconds_of_event,
    segments_apart,
)
from schemas import DIRECTIONS, REGIONS, NearPart, ScenarioEstimate, Spatial, Vector
from schemas.frames import NS
from schemas.ranking import likeliest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from models.egolog.near_share import NearShare
    from models.research.egolog.days.placed import PlacedDays
    from schemas.sound_place import HeardApart

_NEAR = np.array([region.endswith("-near") for region in REGIONS])
_SIDE = np.array([DIRECTIONS.index(region.split("-")[0]) for region in REGIONS])
_WHO: dict[str, Any] = {"device_id": "composed", "session_id": "days", "revision": "shipped"}


@dataclass(frozen=True)
class PlacedEvent:
    """A named event that is audible when detected, and the evidence for its place.

    `near` and `direction` (an index) are the truth in most of those seconds, `near` None on a tie.
    `mixed` marks that near and far sound were audible then. `all_near` and `all_direction` are the
    place by the regions of the whole half minute.
    """

    evidence: PlaceEvidence
    near: bool | None
    direction: int
    mixed: bool
    all_near: bool
    all_direction: int


@dataclass(frozen=True)
class PlacedEvents:
    """The scored events of some days, and the cost of separating near from far.

    `absent` counts named events that were not audible when detected. The near field was extracted
    in `extracted` of `seconds`, and `apart` segments of `windows` were recognised separately.
    """

    judged: tuple[PlacedEvent, ...]
    absent: int
    windows: int
    seconds: int
    extracted: int
    apart: int

    @classmethod
    def concatenate(cls, days: Iterable[PlacedEvents]) -> PlacedEvents:
        """Return the events and counts of several days together."""
        every = list(days)
        counts = ("absent", "windows", "seconds", "extracted", "apart")
        return cls(
            tuple(one for each in every for one in each.judged),
            *(sum(getattr(each, name) for each in every) for name in counts),
        )


class EventPlacer:
    """The networks that locate sound events, run as in a worker."""

    def __init__(self, registry: Registry) -> None:
        self._localizer = SoundLocalizer(registry)
        self._extractor = NearFieldExtractor(registry)
        self._recognizer = ScenarioRecognizer(registry)

    def place_events(self, days: PlacedDays) -> PlacedEvents:
        """Return the scored events of every whole half minute of `days`."""
        days = replace(days, maps=np.stack([balanced_in_turn(maps) for maps in days.maps]))
        starts = range(0, days.sounds.shape[1] - WINDOW_S + 1, WINDOW_S)
        return PlacedEvents.concatenate(
            self._window(days, index, start)
            for index in tqdm(range(len(days)), desc="sound places", mininterval=5)
            for start in starts
        )

    def _window(self, days: PlacedDays, index: int, start: int) -> PlacedEvents:
        inside, frames = (slice(start * n, (start + WINDOW_S) * n) for n in (1, FRAMES))
        mel, imu, maps = days.mel[index, frames], days.imu[index, frames], days.maps[index, inside]
        shares: dict[int, NearShare] = {}
        seconds = []
        for at, (second, motion) in enumerate(zip(maps, np.split(imu, WINDOW_S), strict=True)):
            [regions] = self._localizer.predict([LocalizerInput(second, motion)])
            if wants_near_field(regions):
                [shares[at]] = self._extractor.predict([second])
            seconds.append(_spatial(at, regions, shares.get(at)))
        there = np.ones(WINDOW_S, dtype=bool)
        [output] = self._recognizer.predict([ScenarioInput(mel, imu, there, there)])
        estimate = _estimate(output)
        chosen = segments_apart(estimate, seconds, SEGMENT_S)
        apart = {at: self._apart(mel, shares, at) for at in chosen}
        judged, absent = [], 0
        for name, segments in estimate.event_segments.items():
            if name not in SOUND_EVENTS:
                continue
            within = sorted(seconds_of_event(estimate, segments))
            sounds = days.sounds[index, inside][within]  # (L, 48, 8)
            own = sounds[:, SOUND_EVENTS.index(name)].sum(axis=0)  # (8,)
            evidence = place_evidence(name, estimate, seconds, apart)
            if evidence is None or not own.any():
                absent += 1
                continue
            everywhere = sounds.sum(axis=(0, 1))  # (8,)
            judged.append(
                PlacedEvent(
                    evidence,
                    *_truth(own),
                    bool(everywhere[_NEAR].any() and everywhere[~_NEAR].any()),
                    *_of_all(seconds),
                )
            )
        return PlacedEvents(tuple(judged), absent, 1, WINDOW_S, len(shares), len(chosen))

    def _apart(self, mel: NDArray[np.float16], shares: dict[int, NearShare], at: int) -> HeardApart:
        within = range(at * SEGMENT_S, (at + 1) * SEGMENT_S)
        segment = mel[within.start * FRAMES : within.stop * FRAMES]
        parts = NearAndFar.of(segment, [shares.get(second) for second in within])
        return self._recognizer.name_apart([parts])[0]


def _spatial(at: int, regions: dict[str, float], share: NearShare | None) -> Spatial:
    near = None
    if share is not None:
        near = NearPart(share=Vector.of(share.share, "|u1"), energy=share.energy)
    span: dict[str, Any] = {"start_ns": at * NS, "end_ns": (at + 1) * NS}
    return Spatial(**_WHO, **span, window_id=f"spatial/{at}", regions=regions, near_field=near)


def _estimate(output: ScenarioOutput) -> ScenarioEstimate:
    return ScenarioEstimate(
        **_WHO,
        window_id="scenario/0",
        start_ns=0,
        end_ns=WINDOW_S * NS,
        coverage={"audio": 1.0, "imu": 1.0},
        scenarios=output.scenarios,
        key_frames=[],
        sound_events=output.sound_events,
        motion=output.motion,
        embeddings=Vector.of(output.embeddings),
        parts={},
        event_segments=output.event_segments,
    )


def _truth(own: NDArray[np.int64]) -> tuple[bool | None, int]:
    """Return an event's place in most seconds; `own` (8,) counts its seconds in each region."""
    near, far = int(own[_NEAR].sum()), int(own[~_NEAR].sum())
    sides = np.bincount(_SIDE, weights=own, minlength=len(DIRECTIONS))
    return (None if near == far else near > far), int(sides.argmax())


def _of_all(seconds: Sequence[Spatial]) -> tuple[bool, int]:
    """Return the place of the half minute's likeliest region, which is given to every event."""
    means = np.mean([[second.regions[name] for name in REGIONS] for second in seconds], axis=0)
    return bool(_NEAR[means.argmax()]), int(_SIDE[means.argmax()])


def measure(placed: PlacedEvents, by: Calibration = CALIBRATION) -> dict[str, Any]:
    """Return accuracy and coverage of the named events' distance and direction.

    `..._of_window` uses the half minute's regions for all events; `..._said` is the share that is
    not unknown. `mixed` is over events with near and far sound audible; `by_regions` is over all
    events without separating near from far, as in a worker that does not extract the near field;
    `apart` is over events that were recognised separately, with both methods.
    """
    judged = placed.judged
    mixed = [one for one in judged if one.mixed]
    parted = [one for one in judged if one.evidence.apart is not None]
    return {
        **_figures(judged, by),
        "mixed": _figures(mixed, by),
        "by_regions": _distances(_whole(judged), by),
        "apart": {**_distances(parted, by), "by_regions": _distances(_whole(parted), by)},
        "absent": placed.absent,
        "windows": placed.windows,
        "extracted_seconds": placed.extracted / placed.seconds,
        "apart_segments_a_window": placed.apart / placed.windows,
    }


def _whole(judged: Sequence[PlacedEvent]) -> list[PlacedEvent]:
    """Return events without the evidence from separating near and far."""
    return [replace(one, evidence=replace(one.evidence, apart=None)) for one in judged]


def _figures(judged: Sequence[PlacedEvent], by: Calibration) -> dict[str, Any]:
    names: Sequence[str] = DIRECTIONS
    likely = [direction_probabilities(one.evidence, by) for one in judged]
    surest = np.array([max(each.values()) for each in likely])
    named = np.array([names.index(likeliest(each)) for each in likely])
    sides = np.array([one.direction for one in judged])
    of_window = np.array([one.all_direction for one in judged])
    is_decided = surest > SURE_DIRECTION
    return {
        **_distances(judged, by),
        "direction_accuracy": _share(named == sides),
        "direction_accuracy_of_window": _share(of_window == sides),
        "direction_said": _share(is_decided),
        "direction_accuracy_said": _share((named == sides)[is_decided]),
        "direction_ece": _surely_right(surest, named == sides),
        "events": len(judged),
    }


def _distances(judged: Sequence[PlacedEvent], by: Calibration) -> dict[str, Any]:
    kept = [one for one in judged if one.near is not None]
    near = np.array([one.near for one in kept], dtype=bool)
    near_probabilities = np.array([near_probability(one.evidence, by) for one in kept])
    right = (near_probabilities >= 0.5) == near
    is_decided = np.maximum(near_probabilities, 1 - near_probabilities) >= SURE
    return {
        "distance_accuracy": _share(right),
        "distance_accuracy_of_window": _share(np.array([o.all_near for o in kept]) == near),
        "distance_said": _share(is_decided),
        "distance_accuracy_said": _share(right[is_decided]),
        "distance_ece": calibration_error(near_probabilities, near) if kept else None,
        "distances": len(kept),
    }


def _surely_right(surest: NDArray[np.float64], right: NDArray[np.bool_]) -> float | None:
    return calibration_error(surest, right) if len(right) else None


def _share(right: NDArray[np.bool_]) -> float | None:
    return float(right.mean()) if len(right) else None


def fit_calibration(judged: Sequence[PlacedEvent]) -> Calibration:
    """Return the calibration of maximum likelihood for the events' true places.

    The calibration by regions uses all events, as most workers do not separate near and far.
    """
    near = [one for one in judged if one.near is not None]
    whole = np.array([[1.0, one.evidence.near] for one in near])
    parted = [one for one in near if one.evidence.apart is not None]
    parts = np.array([[1.0, one.evidence.near, one.evidence.apart] for one in parted], np.float64)
    by_regions = _pair(_logistic(whole, [bool(one.near) for one in near]))
    by_parts = (*by_regions, 0.0)
    if parted:
        by_parts = _triple(_logistic(parts, [bool(one.near) for one in parted]))
    sides = np.array([[one.evidence.directions[d] for d in DIRECTIONS] for one in judged])
    true = np.arange(len(judged)), np.array([one.direction for one in judged])

    def surprise(slope: NDArray[np.float64]) -> float:
        scores = slope * sides
        return float(np.mean(np.logaddexp.reduce(scores, axis=1) - scores[true]))

    direction = round(float(_least(surprise, np.ones(1))[0]), 2)
    return Calibration(by_regions, by_parts, direction)


def _logistic(x: NDArray[np.float64], truth: Sequence[bool]) -> NDArray[np.float64]:
    sign = np.where(truth, 1.0, -1.0)
    return _least(
        lambda weights: float(-np.log(expit(sign * (x @ weights))).mean()), np.zeros(x.shape[1])
    )


def _least(
    of: Callable[[NDArray[np.float64]], float], start: NDArray[np.float64]
) -> NDArray[np.float64]:
    best: NDArray[np.float64] = minimize(of, start).x
    return best


def _pair(values: NDArray[np.float64]) -> tuple[float, float]:
    first, second = (round(float(value), 2) for value in values)
    return first, second


def _triple(values: NDArray[np.float64]) -> tuple[float, float, float]:
    first, second, third = (round(float(value), 2) for value in values)
    return first, second, third


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.evaluation.localization.sound_places", description=__doc__
    )
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0, 1, 2, 3], help="random seeds of the days"
    )
    parser.add_argument(
        "--stretches",
        type=int,
        default=placed_days.STRETCHES,
        help="number of composed minutes of a seed",
    )
    parser.add_argument(
        "--weights", type=Path, default=WEIGHTS_DIR, help="folder of the weights to fit for"
    )
    parser.add_argument("--cache", type=Path, help="cache folder of the composed days")
    options = parser.parse_args(arguments)
    if min(options.seeds) < 0 or options.stretches < 1:
        parser.error("--seeds are 0 or more and --stretches 1 or more")
    data = recordings_or_simulated()
    pin_one_thread()
    places = EventPlacer(Registry(options.weights))
    material = Material.read(data, "validation", elsewhere=False)
    with tempfile.TemporaryDirectory(prefix="egolog-places-") as folder:
        cache = options.cache if options.cache is not None else Path(folder)
        placed = PlacedEvents.concatenate(
            places.place_events(placed_days.compose(seed, material, cache, options.stretches))
            for seed in options.seeds
        )
    best = fit_calibration(placed.judged)
    print(f"CALIBRATION = {best}")
    for name, value in measure(placed, best).items():
        print(f"{name.replace('_', ' ')}: {value}")


if __name__ == "__main__":
    main()
