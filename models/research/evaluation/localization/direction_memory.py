"""What the memory of directions adds to localization, on days whose seconds come in their order.

Direction, distance and front–back error are those of seconds in which one source is heard
(EgoLog §5.4): by the second alone, and as the stream publishes it, by the graph that serves and
`models.egolog.direction_memory`. Without motion there is no memory. Drawn seconds
(`models.research.evaluation.localization.rendered`) have nothing before them to remember.

    python -m models.research.evaluation.localization.direction_memory

`--fit` fits the memory to composed days of validation users, clips and ears, and prints `FILTER`.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from models.egolog.direction_memory import (
    FILTER,
    QUARTERS,
    DirectionFilter,
    DirectionMemory,
    yaw,
)
from models.egolog.microphone_balance import balanced_in_turn
from models.research.egolog.days import placed as placed_days
from models.research.egolog.localization.direction_memory import SecondsInOrder, fit_filter
from models.research.evaluation.localization.rendered import SourceSeconds
from models.research.lib.cache_folder import cache_folder
from models.research.lib.error_lines import one_line_errors
from models.research.lib.recordings_folder import needed_recordings
from models.research.lib.tables import table
from models.research.lib.weights_folder import weights_folder
from models.serving.one_thread import pin_one_thread
from models.serving.predict import LocalizerInput, SoundLocalizer
from models.serving.registry import WEIGHTS_DIR, Registry
from models.simulation.sources.material import Material, unseen_material
from schemas.atomic_file import write_atomically
from schemas.evidence import DISTANCES, REGIONS
from schemas.frames import NS
from schemas.option_bounds import check_minimums
from schemas.output_path import kept_folder, output_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.research.egolog.days.placed import PlacedDays
    from models.serving.predict import LocatedSecond

VALIDATION_SEEDS = (0, 1)
_FIGURES = ("direction_accuracy", "distance_accuracy", "front_back_error")
# Where (distance, quarter) are in `REGIONS`.
_PLACES = [REGIONS.index(f"{quarter}-{distance}") for distance in DISTANCES for quarter in QUARTERS]

Figures = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class LocatedDays:
    """N stretches of L seconds, each by itself, their motion (N, L, T, 6), and what sounds.

    `truth` (N, L, 8) marks the regions with sound; `imu` is None without motion.
    """

    seconds: list[list[LocatedSecond]]
    imu: NDArray[np.float32] | None
    truth: NDArray[np.float32]

    def alone(self) -> NDArray[np.float32]:
        """Return the probabilities (N, L, 8) of `REGIONS` by each second itself."""
        return _as_array([[second.regions for second in stretch] for stretch in self.seconds])

    def smoothed_directions(self, by: DirectionFilter = FILTER) -> NDArray[np.float32]:
        """Return the probabilities (N, L, 8) that the stream publishes."""
        if self.imu is None:
            return self.alone()
        out = []
        for stretch, motion in zip(self.seconds, self.imu, strict=True):
            memory, regions = DirectionMemory(), []
            for at, (second, imu) in enumerate(zip(stretch, motion, strict=True)):
                span = (at * NS, (at + 1) * NS)
                found, memory = memory.after(*span, second.regions, second.heat, imu, by)
                regions.append(found)
            out.append(regions)
        return _as_array(out)

    def in_order(self) -> SecondsInOrder:
        """Return what the memory is fitted to."""
        if self.imu is None:
            raise ValueError("days have no motion; expected motion in each second")
        turns = np.zeros(self.truth.shape[:2], np.float32)
        for index, stretch in enumerate(self.imu):
            yaws = [yaw(second, 1.0) for second in stretch]
            turns[index, 1:] = [end + mean for (_, end), (mean, _) in pairwise(yaws)]
        heat = np.array([[_heat(second) for second in stretch] for stretch in self.seconds])
        parts = (heat, _by_distance(self.alone()), turns, _by_distance(self.truth))
        return SecondsInOrder(*(torch.from_numpy(part) for part in parts))


def localize_days(
    localizer: SoundLocalizer, days: PlacedDays, *, motion: bool = True
) -> LocatedDays:
    """Localize every second of days; each stretch is a session that balances its microphones."""
    count, length = len(days), days.maps.shape[1]
    imu = days.imu.reshape(count, length, -1, 6)
    seconds = [
        localizer.locate(
            [
                LocalizerInput(second, turning if motion else None)
                for second, turning in zip(balanced_in_turn(maps), motions, strict=True)
            ]
        )
        for maps, motions in zip(days.maps, imu, strict=True)
    ]
    truth = np.asarray(days.sounds.any(axis=2), np.float32)
    return LocatedDays(seconds, imu if motion else None, truth)


def figures_of(days: LocatedDays, by: DirectionFilter = FILTER) -> Figures:
    """Return the figures of single sources by each second `alone`, and with motion `remembered`."""
    one = days.truth.sum(axis=2) == 1
    ways = {"alone": days.alone()}
    if days.imu is not None:
        ways["remembered"] = days.smoothed_directions(by)
    return {name: _figures(found[one], days.truth[one]) for name, found in ways.items()}


def measure(localizer: SoundLocalizer, days: PlacedDays) -> dict[str, Figures]:
    """Return the figures of days with motion and without."""
    ways = {"with_motion": True, "without_motion": False}
    return {name: figures_of(localize_days(localizer, days, motion=ways[name])) for name in ways}


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.evaluation.localization.direction_memory",
        description=__doc__,
    )
    parser.add_argument("--fit", action="store_true", help="fit the memory to validation days")
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0, 1, 2], help="random seeds of the unseen days"
    )
    parser.add_argument(
        "--stretches", type=int, default=placed_days.STRETCHES, help="composed minutes of a seed"
    )
    parser.add_argument("--data", type=Path, help="folder of the recordings")
    parser.add_argument(
        "--weights", type=weights_folder, default=WEIGHTS_DIR, help="folder of the weights"
    )
    parser.add_argument("--cache", type=kept_folder, help="cache folder of the composed days")
    parser.add_argument("--json", type=output_file, help="output file of the metrics")
    options = parser.parse_args(arguments)
    check_minimums(parser, options, seeds=0, stretches=1)
    data = needed_recordings(parser, options)
    pin_one_thread()
    localizer = SoundLocalizer(Registry(options.weights))
    with cache_folder(options.cache) as cache:

        def compose_days(material: Material, seeds: Sequence[int]) -> list[PlacedDays]:
            return [placed_days.compose(n, material, cache, options.stretches) for n in seeds]

        if options.fit:
            known = compose_days(
                Material.read(data, "validation", elsewhere=False), VALIDATION_SEEDS
            )
            print(_fit([localize_days(localizer, days) for days in known]))
            return 0
        unseen = compose_days(unseen_material(data), options.seeds)
    figures = [measure(localizer, days) for days in unseen]
    if options.json is not None:
        write_atomically(options.json, json.dumps(figures, indent=2))
    print(_page(figures))
    return 0


def _fit(days: Sequence[LocatedDays]) -> str:
    """Fit to all days, and report the gain on those of one seed by fitting to the others."""
    lines = [f"FILTER = {fit_filter([each.in_order() for each in days])}"]
    for at, held in enumerate(days):
        others = [each.in_order() for number, each in enumerate(days) if number != at]
        for name, values in figures_of(held, fit_filter(others)).items():
            row = ", ".join(f"{key.replace('_', ' ')} {values[key]:.3f}" for key in _FIGURES)
            lines.append(f"held-out days {at}, {name}: {row}")
    return "\n".join(lines)


def _page(runs: Sequence[dict[str, Figures]]) -> str:
    rows = [
        [f"{name.replace('_', ' ')}, {way}", *(_across(runs, name, way, key) for key in _FIGURES)]
        for name, ways in runs[0].items()
        for way in ways
    ]
    return table(["seconds of one source", *(key.replace("_", " ") for key in _FIGURES)], rows)


def _across(runs: Sequence[dict[str, Figures]], name: str, way: str, key: str) -> str:
    values = [run[name][way][key] for run in runs if run[name][way][key] is not None]
    if not values:
        return "–"
    spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{spread}"


def _figures(probability: NDArray[np.float32], truth: NDArray[np.float32]) -> dict[str, Any]:
    figures = SourceSeconds.of(probability, truth).figures()
    return {key: value for key, value in figures.items() if key in ("seconds", *_FIGURES)}


def _heat(second: LocatedSecond) -> NDArray[np.float32]:
    if second.heat is None:
        raise ValueError("a second has no heat; expected two microphones")
    return second.heat


def _as_array(stretches: list[list[dict[str, float]]]) -> NDArray[np.float32]:
    return np.array(
        [[[second[name] for name in REGIONS] for second in stretch] for stretch in stretches],
        np.float32,
    )


def _by_distance(regions: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, L, 8) of `REGIONS` -> (N, L, 2, 4)."""
    return regions[..., _PLACES].reshape(*regions.shape[:-1], len(DISTANCES), len(QUARTERS))


if __name__ == "__main__":
    sys.exit(main())
