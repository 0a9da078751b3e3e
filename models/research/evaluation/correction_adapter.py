"""Choose the adapter of corrections: `python -m models.research.evaluation.correction_adapter`.

On the days of `python -m models.research.evaluation.corrections --validation`, for each reach and
variance of `models.egolog.correction_adapter`: what fifty corrections of the first day gain on the
later ones, for each wearer and in the log, and what they change of the original days, by the
shipped network. Chosen is one that gains with every wearer and loses nothing of the original days.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.egolog.scenario import SCENARIO
from models.finetuning.coreset import Coreset
from models.finetuning.scoring import probabilities
from models.research.egolog.households.days import lived
from models.research.evaluation.corrections import (
    CORRECTIONS,
    adapted,
    calendar_of,
    corrected,
    logged,
)
from models.research.evaluation.options import measured_data
from models.research.lib.metrics import macro_f1_of_labels, micro_f1
from models.serving.one_thread import pin_one_thread
from models.serving.registry import WEIGHTS_DIR, Registry

if TYPE_CHECKING:
    from collections.abc import Sequence

REACHES = (2.0, 3.0, 4.0, 6.0, 8.0)
VARIANCES = (0.5, 1.0, 2.0)


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
        wearers.append((words, later, probabilities(network, later.rows)))
    usual = micro_f1(probabilities(network, original.rows), original.labels)
    print("| reach | variance | gain | of each wearer | in the log | macro | original days |")
    print("|---|---|---|---|---|---|---|")
    for reach in REACHES:
        for variance in VARIANCES:
            micro, log, macro, lost = [], [], [], []
            for words, later, before in wearers:
                after = adapted(network, words, later.rows, reach, variance)
                micro.append(micro_f1(after, later.truth) - micro_f1(before, later.truth))
                macro.append(
                    macro_f1_of_labels(after, later.truth) - macro_f1_of_labels(before, later.truth)
                )
                log.append(
                    micro_f1(logged(later, after), later.truth)
                    - micro_f1(logged(later, before), later.truth)
                )
                there = adapted(network, words, original.rows, reach, variance)
                lost.append(micro_f1(there, original.labels) - usual)
            each = ", ".join(f"{gain:+.3f}" for gain in micro)
            print(
                f"| {reach:g} | {variance:g} | {np.mean(micro):+.3f} | {each} | "
                f"{np.mean(log):+.3f} | {np.mean(macro):+.3f} | {np.mean(lost):+.4f} |"
            )


if __name__ == "__main__":
    main()
