"""Measure what a wearer's corrections teach: `python -m models.research.evaluation.corrections`.

Each new wearer of a shifted domain, with unseen ears and rooms, has three days
(`models.research.egolog.households`). On the first day the wearer corrects at most `--corrections`
half minutes in which the log, refined by the offline expert, is wrong; the queue has these and, as
in the pipeline, the expert's label of every window. A revision of the shared network is tuned from
it (`models.finetuning.revise`), the corrected windows become the wearer's own adapter
(`models.egolog.correction_adapter`), and both are evaluated on the wearer's second and third day,
which are not used for learning.

- `gain`: increase of the estimates' micro-F1 on the later days over the shipped network, mean of
  wearers, as in the pipeline: by the revision, if it passes the gate, and the adapter to it;
- `log_gain`: the same for the labels in the log, after the scenario memory
  (`models.egolog.scenario_memory`), which is what the wearer sees;
- `macro_gain`: as `gain`, for macro-F1 over the scenarios that occur on those days;
- `adapter_gain`, `log_adapter_gain`: by the adapter to the shipped network alone, before there is
  a revision;
- `revision_gain`, `log_revision_gain`: by the revision alone, which other wearers get as well; 0 if
  it does not pass;
- `expert_gain`: as `revision_gain`, without corrections and with the expert's labels alone
  (`--expert`, which doubles the time);
- `original_change`: change of micro-F1 by the adapter to the shipped network on held-out windows of
  the original days: whether it disturbs windows unlike the corrected ones;
- `published`: the share of wearers whose revision passes the gate.

`sd` are the standard deviations of the gains over wearers.

`--validation` composes the days from the material on which the weights were chosen, with other
seeds: settings are chosen there. `--results FILE` measures `--seeds` and writes their section of
docs/RESULTS.md; `--from` takes the figures of other runs instead.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from models.research.evaluation.corrections import report
from models.research.evaluation.corrections.measures import (
    CORRECTIONS,
    TUNING,
    calendar_of,
    measure,
)
from models.research.evaluation.options import measured_data, weights_measured
from models.research.evaluation.runs_by_seed import (
    add_runs_by_seed,
    earlier_runs,
    seeds_of,
    write_runs,
)
from models.research.lib.cache_folder import cache_folder
from models.research.lib.error_lines import one_line_errors
from models.research.lib.weights_folder import weights_folder
from models.serving.registry import WEIGHTS_DIR, Registry
from schemas.option_bounds import check_minimums
from schemas.output_path import kept_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.research.lib.tables import Figures


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.research.evaluation.corrections",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, help="folder of recordings (default: the shared ones)")
    parser.add_argument("--wearers", type=int, default=6, help="number of wearers")
    parser.add_argument(
        "--corrections",
        type=int,
        default=CORRECTIONS,
        help="maximum number of corrected half minutes of a wearer",
    )
    parser.add_argument("--validation", action="store_true", help="use the validation material")
    parser.add_argument("--wearer-weight", type=float, help="weight of a correction, in windows")
    parser.add_argument(
        "--expert", action="store_true", help="also tune from the expert's labels alone"
    )
    parser.add_argument(
        "--weights", type=weights_folder, default=WEIGHTS_DIR, help="folder of the weights"
    )
    parser.add_argument("--cache", type=kept_folder, help="cache folder of the composed days")
    parser.add_argument(
        "--processes", type=int, default=2, help="number of processes that compose days"
    )
    add_runs_by_seed(parser, "corrections")
    return parser


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = _parser()
    options = parser.parse_args(arguments)
    check_minimums(parser, options, seed=0, seeds=0, wearers=1, corrections=1, processes=1)
    runs = earlier_runs(options)
    if runs is None:
        runs = _measure_seeds(parser, options)
    write_runs(parser, options, runs, report.section)
    return 0


def _measure_seeds(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[Figures]:
    data = measured_data(parser, options)
    tuning = TUNING
    if options.wearer_weight is not None:
        tuning = replace(tuning, wearer=options.wearer_weight)
    weights = weights_measured(Registry(options.weights))
    runs = []
    with cache_folder(options.cache) as cache:
        for seed in seeds_of(options):
            figures = measure(
                options.weights,
                data,
                calendar_of(seed, options.wearers, validation=options.validation),
                cache,
                options.corrections,
                tuning,
                options.processes,
                expert=options.expert,
            )
            print(f"seed {seed}\n{_headlines(figures)}")
            runs.append({**figures, "details": {"seed": seed, "weights": weights}})
    return runs


def _headlines(figures: Figures) -> str:
    lines = []
    for name, value in figures.items():
        if name not in ("sd", "wearers"):
            spread = figures["sd"].get(name)
            more = "" if spread is None else f" (sd {spread:.3f})"
            lines.append(f"{name.replace('_', ' ')}: {value:.3f}{more}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
