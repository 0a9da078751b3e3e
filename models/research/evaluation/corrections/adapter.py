"""Choose the adapter of corrections: `python -m models.research.evaluation.corrections.adapter`.

On the days of `python -m models.research.evaluation.corrections --validation`, for each reach and
variance of `models.egolog.correction_adapter`: the gain of fifty corrections of the first day on
the later ones, for each wearer and in the log, and the change on the original days, with the
shipped network. The choice is one with a gain for every wearer and no loss on the original days.

Wearers of one seed share a domain, so several seeds are more informative than as many wearers of
one.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.egolog.scenario import SCENARIO
from models.finetuning.coreset import Coreset
from models.finetuning.scoring import probabilities
from models.research.egolog.households.days import household_windows
from models.research.egolog.households.log import smoothed_labels
from models.research.evaluation.corrections.measures import (
    CORRECTIONS,
    adapter_of,
    calendar_of,
    items_of_wearer,
    shift_estimates,
)
from models.research.evaluation.options import measured_data
from models.research.lib.cache_folder import cache_folder
from models.research.lib.error_lines import one_line_errors
from models.research.lib.metrics import macro_f1_of_labels, micro_f1
from models.research.lib.tables import table
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry
from schemas.option_bounds import check_minimums
from schemas.output_path import kept_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from models.egolog.correction_adapter import CorrectionAdapter
    from models.egolog.scenario import ScenarioNet
    from models.finetuning.examples import Examples
    from models.research.egolog.households.records import HouseholdWindows
    from schemas import FinetuneItem

REACHES = (2.0, 3.0, 4.0, 6.0, 8.0)
VARIANCES = (0.5, 1.0, 2.0)
_HEAD = (
    "reach",
    "variance",
    "gain",
    "of each wearer",
    "in the log",
    "of each",
    "macro",
    "original days",
)


@dataclass(frozen=True)
class _Wearer:
    """A wearer's corrections, the later days, and the network's own estimates of these."""

    words: list[FinetuneItem]
    later: HouseholdWindows
    before: NDArray[np.float32]

    def gains(self, adapter: CorrectionAdapter) -> tuple[float, float, float]:
        """Return the adapter's gains of micro-F1, of the log's micro-F1, and of macro-F1."""
        truth = self.later.truth
        after = shift_estimates(self.before, adapter)
        log_after, usual = (smoothed_labels(self.later, each) for each in (after, self.before))
        return (
            micro_f1(after, truth) - micro_f1(self.before, truth),
            micro_f1(log_after, truth) - micro_f1(usual, truth),
            macro_f1_of_labels(after, truth) - macro_f1_of_labels(self.before, truth),
        )


def _wearer(network: ScenarioNet, own: HouseholdWindows, seed: int) -> _Wearer:
    first, later = own.take(own.day == 0), own.take(own.day > 0)
    _, words = items_of_wearer(first, CORRECTIONS, seed)
    return _Wearer(words, later, probabilities(network, later.rows))


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = _parser()
    options = parser.parse_args(arguments)
    check_minimums(parser, options, seed=0, seeds=1, wearers=1, processes=1)
    data = measured_data(parser, options)
    pin_one_thread()
    registry = Registry(WEIGHTS_DIR)
    network = registry.load(SCENARIO).module
    wearers = _wearers(network, data, options)
    print(table(_HEAD, list(_rows(network, wearers, Coreset.load(registry).held_out))))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.research.evaluation.corrections.adapter",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, help="folder of recordings (default: the shared ones)")
    parser.add_argument("--seed", type=int, default=0, help="first random seed of the wearers")
    parser.add_argument(
        "--seeds", type=int, default=1, help="number of seeds, each of which is a domain"
    )
    parser.add_argument("--wearers", type=int, default=3, help="number of wearers of each seed")
    parser.add_argument("--cache", type=kept_folder, help="cache folder of the composed days")
    parser.add_argument(
        "--processes", type=int, default=2, help="number of processes that compose days"
    )
    return parser


def _wearers(network: ScenarioNet, data: Path | None, options: argparse.Namespace) -> list[_Wearer]:
    """Return the wearers of all seeds, whose days are composed by `options`."""
    wearers: list[_Wearer] = []
    with cache_folder(options.cache) as cache:
        for seed in range(options.seed, options.seed + options.seeds):
            calendar = calendar_of(seed, options.wearers, validation=True)
            days = household_windows(calendar, WEIGHTS_DIR, data, cache, options.processes)
            wearers += [
                _wearer(network, days.take(days.wearer == wearer), calendar.seed + int(wearer))
                for wearer in np.unique(days.wearer)
            ]
    return wearers


def _rows(
    network: ScenarioNet, wearers: Sequence[_Wearer], original: Examples
) -> Iterator[list[str]]:
    """Yield a row of the table for each reach and variance."""
    there = probabilities(network, original.rows)
    usual = micro_f1(there, original.labels)
    for reach, variance in product(REACHES, VARIANCES):
        adapters = [adapter_of(network, each.words, reach, variance) for each in wearers]
        gains = [each.gains(own) for each, own in zip(wearers, adapters, strict=True)]
        after = [micro_f1(shift_estimates(there, own), original.labels) for own in adapters]
        micro, log, macro = zip(*gains, strict=True)
        yield [
            f"{reach:g}",
            f"{variance:g}",
            f"{np.mean(micro):+.3f}",
            ", ".join(f"{gain:+.3f}" for gain in micro),
            f"{np.mean(log):+.3f}",
            ", ".join(f"{gain:+.3f}" for gain in log),
            f"{np.mean(macro):+.3f}",
            f"{np.mean(after) - usual:+.4f}",
        ]


if __name__ == "__main__":
    sys.exit(main())
