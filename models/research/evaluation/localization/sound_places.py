"""Evaluate distance and direction of sound events on composed days (EgoLog §4.4.1).

Each half minute is processed by networks and operator as in a worker that extracts the near field.
Scored are the named events that are audible in the seconds of their detection, compared with the
single place that the regions of the whole half minute give to all events.
`python -m models.research.evaluation.localization.sound_places` fits
`operators.sound_places.CALIBRATION` to validation days and prints it.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from models.research.egolog.days import placed as placed_days
from models.research.evaluation.localization.place_calibration import fit_calibration
from models.research.evaluation.localization.placed_events import (
    EventPlacer,
    PlacedEvent,
    PlacedEvents,
)
from models.research.lib.cache_folder import cache_folder
from models.research.lib.error_lines import one_line_errors
from models.research.lib.metrics import calibration_error
from models.research.lib.recordings_folder import recordings_or_simulated
from models.research.lib.weights_folder import weights_folder
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry
from models.simulation.sources.material import Material
from operators.sound_places import (
    CALIBRATION,
    SURE,
    SURE_DIRECTION,
    Calibration,
    direction_probabilities,
    near_probability,
)
from schemas import DIRECTIONS
from schemas.option_bounds import check_minimums
from schemas.output_path import kept_folder
from schemas.ranking import likeliest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


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
        "by_regions": _distances(_without_separation(judged), by),
        "apart": {
            **_distances(parted, by),
            "by_regions": _distances(_without_separation(parted), by),
        },
        "absent": placed.absent,
        "windows": placed.windows,
        "extracted_seconds": placed.extracted / placed.seconds,
        "apart_segments_a_window": placed.apart / placed.windows,
    }


def _without_separation(judged: Sequence[PlacedEvent]) -> list[PlacedEvent]:
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


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
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
        "--weights",
        type=weights_folder,
        default=WEIGHTS_DIR,
        help="folder of the weights to fit for",
    )
    parser.add_argument("--cache", type=kept_folder, help="cache folder of the composed days")
    options = parser.parse_args(arguments)
    check_minimums(parser, options, seeds=0, stretches=1)
    data = recordings_or_simulated()
    pin_one_thread()
    places = EventPlacer(Registry(options.weights))
    material = Material.read(data, "validation", elsewhere=False)
    with cache_folder(options.cache) as cache:
        placed = PlacedEvents.concatenate(
            places.place_events(placed_days.compose(seed, material, cache, options.stretches))
            for seed in options.seeds
        )
    best = fit_calibration(placed.judged)
    print(f"CALIBRATION = {best}")
    for name, value in measure(placed, best).items():
        print(f"{name.replace('_', ' ')}: {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
