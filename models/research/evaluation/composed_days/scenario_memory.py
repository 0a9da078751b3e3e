"""Tune the scenario memory's length and probability of change.

`python -m models.research.evaluation.composed_days.scenario_memory` prints the micro-F1 of composed
validation stretches of five minutes for each length of the memory and chance of a change.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from models.research.egolog import scenario as of_scenario
from models.research.egolog.days.composed import compose
from models.research.egolog.days.encoded import encode
from models.research.evaluation.composed_days.scores import Networks, with_memory
from models.research.lib.metrics import micro_f1
from models.research.lib.recordings_folder import recordings_or_simulated
from models.research.lib.tables import table
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry
from models.simulation.sources.material import Material

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

SEED, STRETCHES, STRETCH_S = 131, 32, 300
LENGTHS_S = (30, 60, 90, 120, 150, 300)
CHANCES = (0.02, 0.05, 0.1, 0.2)


def f1_by_memory(
    own: NDArray[np.float32], truth: NDArray[np.float32], stretches: int
) -> dict[tuple[int, float], float]:
    """Return the micro-F1 of estimates (N, 16) by length of the memory, s, and chance of a change.

    A memory of thirty seconds, one window, has no effect.
    """
    return {
        (length_s, chance): micro_f1(with_memory(own, stretches, length_s, chance), truth)
        for length_s in LENGTHS_S
        for chance in CHANCES
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.evaluation.composed_days.scenario_memory",
        description=__doc__,
    )
    parser.add_argument(
        "--stretches", type=int, default=STRETCHES, help="number of composed stretches"
    )
    parser.add_argument(
        "--weights", type=Path, default=WEIGHTS_DIR, help="folder of the weights to choose for"
    )
    parser.add_argument("--cache", type=Path, help="cache folder of the composed days")
    options = parser.parse_args(arguments)
    if options.stretches < 1:
        parser.error(f"--stretches is {options.stretches}; expected 1 or more")
    data = recordings_or_simulated()
    pin_one_thread()
    networks = Networks.load(Registry(options.weights))
    material = Material.read(data, "validation", elsewhere=False)
    with tempfile.TemporaryDirectory(prefix="egolog-memory-") as folder:
        cache = options.cache if options.cache is not None else Path(folder)
        days = compose(SEED, options.stretches, STRETCH_S, material, cache, mono=False)
    encoded = encode(networks.encoders, days)
    windows = of_scenario.tiled(encoded, networks.encoders.space)
    own = of_scenario.predict(networks.scenario, windows)
    found = f1_by_memory(own, windows.scenarios.numpy(), options.stretches)
    rows = [
        [f"{length_s} s", *(f"{found[length_s, chance]:.3f}" for chance in CHANCES)]
        for length_s in LENGTHS_S
    ]
    print(table(["memory", *(f"chance of a change {chance}" for chance in CHANCES)], rows))


if __name__ == "__main__":
    main()
