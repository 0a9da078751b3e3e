"""What a memory of directions adds to localization, on days whose seconds come in their order.

`models.research.egolog.localization.direction_memory` is fitted to composed days of validation
users, clips and ears, and measured on days of others:

    python -m models.research.evaluation.localization.direction_memory

Direction, distance and front–back error are those of seconds in which one source is heard
(EgoLog §5.4), by the second alone and with the memory, with motion and without. Drawn seconds
(`models.research.evaluation.localization.rendered`) have nothing before them to remember.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from models.egolog.localization import LOCALIZATION
from models.egolog.microphone_balance import balanced_in_turn
from models.research.egolog.days import placed as placed_days
from models.research.egolog.localization.direction_memory import (
    DirectionMemory,
    fit_memory,
    turned_between,
)
from models.research.evaluation.localization.rendered import Judged
from models.research.lib.recordings_folder import needed_recordings
from models.research.lib.tables import table
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry
from models.simulation.sources.material import Material, unseen_material

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.egolog.localization import Localization
    from models.research.egolog.days.placed import PlacedDays

VALIDATION_SEEDS = (0, 1)
_MOTION = {"with_motion": True, "without_motion": False}
_FIGURES = ("direction_accuracy", "distance_accuracy", "front_back_error")

Figures = dict[str, dict[str, Any]]


class LocatedDays(NamedTuple):
    """N stretches of L seconds: `DirectionMemory`'s inputs, and which regions (N, L, 8) sound."""

    heat: Tensor
    regions: Tensor
    turn: Tensor
    truth: Tensor

    @property
    def inputs(self) -> tuple[Tensor, Tensor, Tensor]:
        """What the memory is given."""
        return self.heat, self.regions, self.turn


@torch.no_grad()
def located(network: Localization, days: PlacedDays, *, motion: bool) -> LocatedDays:
    """Localize every second of days; each stretch is a session that balances its microphones."""
    heat, regions, turns = [], [], []
    for maps, imu in zip(days.maps, days.imu, strict=True):
        heard = torch.from_numpy(balanced_in_turn(maps).astype(np.float32))
        moved = torch.from_numpy(imu.reshape(len(maps), -1, 6)).transpose(1, 2)
        found = network(heard, moved if motion else None)
        if found.heat is None:
            raise ValueError("one microphone hears no direction; expected two or more")
        heat.append(found.heat)
        regions.append(network.calibrated(found.regions))
        turn = turned_between(moved[None])[0]
        turns.append(turn if motion else torch.zeros_like(turn))
    truth = torch.from_numpy(days.sounds.any(axis=2)).float()
    return LocatedDays(torch.stack(heat), torch.stack(regions), torch.stack(turns), truth)


@torch.no_grad()
def measure(memory: DirectionMemory, days: LocatedDays) -> Figures:
    """Return the figures of single sources by each second `alone` and `remembered`."""
    one = days.truth.sum(dim=2) == 1
    truth = days.truth[one].numpy()
    return {
        name: {
            key: value
            for key, value in Judged.of(found[one].numpy(), truth).figures().items()
            if key in ("seconds", *_FIGURES)
        }
        for name, found in (("alone", days.regions), ("remembered", memory(*days.inputs)))
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.evaluation.localization.direction_memory",
        description=__doc__,
    )
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0, 1, 2], help="random seeds of the unseen days"
    )
    parser.add_argument(
        "--stretches", type=int, default=placed_days.STRETCHES, help="composed minutes of a seed"
    )
    parser.add_argument("--data", type=Path, help="folder of the recordings")
    parser.add_argument("--weights", type=Path, default=WEIGHTS_DIR, help="folder of the weights")
    parser.add_argument("--cache", type=Path, help="cache folder of the composed days")
    parser.add_argument("--json", type=Path, help="output file of the metrics")
    options = parser.parse_args(arguments)
    if options.stretches < 1:
        parser.error(f"--stretches is {options.stretches}; expected 1 or more")
    data = needed_recordings(parser, options)
    pin_one_thread()
    network = Registry(options.weights).load(LOCALIZATION).module.eval()
    with tempfile.TemporaryDirectory(prefix="egolog-directions-") as folder:
        cache = options.cache if options.cache is not None else Path(folder)

        def composed(material: Material, seeds: Sequence[int]) -> list[PlacedDays]:
            return [placed_days.compose(n, material, cache, options.stretches) for n in seeds]

        known = composed(Material.read(data, "validation", elsewhere=False), VALIDATION_SEEDS)
        unseen = composed(unseen_material(data), options.seeds)
    figures: dict[str, list[Figures]] = {}
    for name, motion in _MOTION.items():
        taught = [located(network, days, motion=motion) for days in known]
        memory = fit_memory([days.inputs for days in taught], [days.truth for days in taught])
        figures[name] = [measure(memory, located(network, days, motion=motion)) for days in unseen]
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2))
    print(_page(figures))


def _page(figures: dict[str, list[Figures]]) -> str:
    rows = [
        [f"{name.replace('_', ' ')}, {way}", *(_across(runs, way, key) for key in _FIGURES)]
        for name, runs in figures.items()
        for way in ("alone", "remembered")
    ]
    return table(["seconds of one source", *(key.replace("_", " ") for key in _FIGURES)], rows)


def _across(runs: Sequence[Figures], way: str, key: str) -> str:
    values = [run[way][key] for run in runs if run[way][key] is not None]
    if not values:
        return "–"
    spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{spread}"


if __name__ == "__main__":
    main()
