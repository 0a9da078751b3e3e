"""Choose the adapter of corrections: `python -m models.research.evaluation.correction_adapter`.

On the days of `python -m models.research.evaluation.corrections --validation`, for each reach and
variance of `models.egolog.correction_adapter`: what fifty corrections of the first day gain on the
later ones, for each wearer and in the log, and what they change of the original days, by the
shipped network. Chosen is one that gains with every wearer and loses nothing of the original days.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.egolog.scenario import SCENARIO
from models.finetuning.coreset import Coreset
from models.finetuning.scoring import probabilities
from models.research.egolog.households.days import lived
from models.research.egolog.households.log import logged
from models.research.evaluation.corrections import (
    CORRECTIONS,
    adapted,
    calendar_of,
    corrected,
)
from models.research.evaluation.options import measured_data
from models.research.lib.metrics import macro_f1_of_labels, micro_f1
from models.research.lib.tables import table
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.egolog.scenario import ScenarioNet
    from models.research.egolog.households.records import HouseholdWindows
    from schemas import FinetuneItem

REACHES = (2.0, 3.0, 4.0, 6.0, 8.0)
VARIANCES = (0.5, 1.0, 2.0)


@dataclass(frozen=True)
class _Wearer:
    """A wearer's corrections, the later days, and what the network alone says of these."""

    words: list[FinetuneItem]
    later: HouseholdWindows
    before: NDArray[np.float32]

    def gains(
        self, network: ScenarioNet, reach: float, variance: float
    ) -> tuple[float, float, float]:
        """Return what the adapter gains: micro-F1, that of the log, and macro-F1."""
        truth = self.later.truth
        after = adapted(network, self.words, self.later.rows, reach, variance)
        said, usual = (logged(self.later, each) for each in (after, self.before))
        return (
            micro_f1(after, truth) - micro_f1(self.before, truth),
            micro_f1(said, truth) - micro_f1(usual, truth),
            macro_f1_of_labels(after, truth) - macro_f1_of_labels(self.before, truth),
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.evaluation.correction_adapter",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, help="folder of recordings (default: the shared ones)")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the wearers")
    parser.add_argument("--wearers", type=int, default=3, help="number of wearers")
    parser.add_argument("--cache", type=Path, help="cache folder of the composed days")
    parser.add_argument("--processes", type=int, default=2, help="processes that compose days")
    options = parser.parse_args(arguments)
    data = measured_data(parser, options)
    calendar = calendar_of(options.seed, options.wearers, validation=True)
    pin_one_thread()
    registry = Registry(WEIGHTS_DIR)
    network = registry.load(SCENARIO).module
    original = Coreset.load(registry).held_out
    with tempfile.TemporaryDirectory(prefix="egolog-corrections-") as folder:
        cache = options.cache if options.cache is not None else Path(folder)
        days = lived(calendar, WEIGHTS_DIR, data, cache, options.processes)
    wearers = []
    for wearer in np.unique(days.wearer):
        own = days.take(days.wearer == wearer)
        first, later = own.take(own.day == 0), own.take(own.day > 0)
        _, words = corrected(first, CORRECTIONS, calendar.seed + int(wearer))
        wearers.append(_Wearer(words, later, probabilities(network, later.rows)))
    usual = micro_f1(probabilities(network, original.rows), original.labels)
    rows = []
    for reach, variance in product(REACHES, VARIANCES):
        gains = [each.gains(network, reach, variance) for each in wearers]
        there = [adapted(network, each.words, original.rows, reach, variance) for each in wearers]
        lost = np.mean([micro_f1(each, original.labels) for each in there]) - usual
        micro, log, macro = zip(*gains, strict=True)
        rows.append(
            [
                f"{reach:g}",
                f"{variance:g}",
                f"{np.mean(micro):+.3f}",
                ", ".join(f"{gain:+.3f}" for gain in micro),
                f"{np.mean(log):+.3f}",
                f"{np.mean(macro):+.3f}",
                f"{lost:+.4f}",
            ]
        )
    head = ["reach", "variance", "gain", "of each wearer", "in the log", "macro", "original days"]
    print(table(head, rows))


if __name__ == "__main__":
    main()
