"""Tune the scenario memory: its length, the probability of change, the trust and the prior.

`python -m models.research.evaluation.composed_days.scenario_memory` prints the micro-F1 on
validation of composed stretches of five minutes, drawn like the training days, and of
the log of shifted days (`models.research.evaluation.self_training`), of a domain each seed. Chosen
is what is best on shifted days and loses nothing on the others.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from models.egolog.scenario_memory import MEMORY_S
from models.egolog.scenario_sets import CHANGED, TRUST, USUAL
from models.research.egolog import scenario as of_scenario
from models.research.egolog.days.composed import compose
from models.research.egolog.days.encoded import encode
from models.research.egolog.households.days import household_windows
from models.research.egolog.households.log import smoothed_labels
from models.research.evaluation.composed_days.scores import Networks, with_memory
from models.research.evaluation.self_training.measures import calendar_of
from models.research.evaluation.self_training.uncertainty import log_labels
from models.research.lib.cache_folder import cache_folder
from models.research.lib.error_lines import one_line_errors
from models.research.lib.metrics import micro_f1
from models.research.lib.recordings_folder import recordings_or_simulated
from models.research.lib.tables import table
from models.research.lib.weights_folder import weights_folder
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry
from models.simulation.sources.material import Material
from schemas.option_bounds import check_minimums
from schemas.output_path import kept_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from models.research.egolog.households.records import HouseholdWindows

SEED, STRETCHES, STRETCH_S = 131, 32, 300
DOMAINS, WEARERS = 4, 1
LENGTHS_S = (30, 150, 300, 600)
CHANCES = (0.05, 0.1, 0.2, 0.3, 0.4)
TRUSTS = (0.5, 0.6, 0.7, 1.0)
PRIORS = (0.15, 0.2, 0.25, 0.3)


@dataclass(frozen=True)
class Memory:
    """What `models.egolog.scenario_memory.smooth_estimates` takes."""

    memory_s: float = MEMORY_S
    changed: float = CHANGED
    trust: float = TRUST
    usual: float = USUAL


BY_LENGTH = {at: Memory(memory_s=at[0], changed=at[1]) for at in product(LENGTHS_S, CHANCES)}
BY_TRUST = {at: Memory(trust=at[0], usual=at[1]) for at in product(TRUSTS, PRIORS)}


def of_stretches(
    own: NDArray[np.float32], truth: NDArray[np.float32], stretches: int, memory: Memory
) -> float:
    """Return the micro-F1 of the network's estimates (N, 16) of so many stretches.

    A memory of thirty seconds, one window, has no effect.
    """
    return micro_f1(with_memory(own, stretches, **vars(memory)), truth)


def of_days(households: Sequence[HouseholdWindows], memory: Memory) -> float:
    """Return the mean of the households' micro-F1 of what their logs say."""
    return float(
        np.mean(
            [
                micro_f1(
                    log_labels(smoothed_labels(days, days.scenarios, **vars(memory))), days.truth
                )
                for days in households
            ]
        )
    )


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.evaluation.composed_days.scenario_memory",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--stretches", type=int, default=STRETCHES, help="number of composed stretches"
    )
    parser.add_argument(
        "--domains", type=int, default=DOMAINS, help="number of shifted domains, 0 for none"
    )
    parser.add_argument("--wearers", type=int, default=WEARERS, help="number of a domain's wearers")
    parser.add_argument(
        "--weights",
        type=weights_folder,
        default=WEIGHTS_DIR,
        help="folder of the weights to choose for",
    )
    parser.add_argument("--cache", type=kept_folder, help="cache folder of the composed days")
    options = parser.parse_args(arguments)
    check_minimums(parser, options, stretches=1, domains=0, wearers=1)
    data = recordings_or_simulated()
    pin_one_thread()
    networks = Networks.load(Registry(options.weights))
    material = Material.read(data, "validation", elsewhere=False)
    with cache_folder(options.cache) as cache:
        days = compose(SEED, options.stretches, STRETCH_S, material, cache, mono=False)
        households = [
            household_windows(
                calendar_of(seed, wearers=options.wearers, validation=True),
                options.weights,
                data,
                cache,
                1,
            )
            for seed in range(options.domains)
        ]
    encoded = encode(networks.encoders, days)
    windows = of_scenario.cut_windows(encoded, networks.encoders.space)
    own = of_scenario.predict(networks.scenario, windows)
    truth = windows.scenarios.numpy()
    _print("as in training", lambda memory: of_stretches(own, truth, options.stretches, memory))
    if households:
        _print("shifted", lambda memory: of_days(households, memory))
    return 0


def _print(days: str, f1: Callable[[Memory], float]) -> None:
    chances = [f"chance of a change {chance}" for chance in CHANCES]
    rows = [
        [f"{length} s", *(f"{f1(BY_LENGTH[length, chance]):.3f}" for chance in CHANCES)]
        for length in LENGTHS_S
    ]
    print(table([f"days {days}: memory", *chances], rows), end="\n\n")
    rows = [
        [str(trust), *(f"{f1(BY_TRUST[trust, usual]):.3f}" for usual in PRIORS)] for trust in TRUSTS
    ]
    print(table([f"days {days}: trust", *(f"prior {usual}" for usual in PRIORS)], rows), end="\n\n")


if __name__ == "__main__":
    sys.exit(main())
