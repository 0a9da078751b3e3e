"""Measure refining and learning: `python -m models.research.evaluation.self_training`.

Six new wearers with new ears and rooms live three days of a shifted domain
(`models.research.egolog.households.wearers`): some scenarios fill most of their time and others
hardly any, what a scenario shares with others takes more of it than in training, and activities and
sounds come in other proportions. Every figure is a gain in micro-F1.

- `expert_gain_uncertain`: of the windows below 0.5, by the offline expert; `oracle_gain`: the same
  by an endpoint that names what goes on with this probability and otherwise another scenario.
  Before is the local estimate as the log has it, after its minutes: the likeliest scenario.
- `adapt_gain`: on the second and the third day, by the revision that the gate let through after the
  first day's queue, without any further call, window by window; `adapt_log_gain`,
  `uncertain_share`: the same after the minutes before, as published.
- `original_change`: by that revision on the unseen days of `models.research.evaluation`, as
  lived in training.
- `poisoned_change`: on the second and third day, the worst of what is published from labels of
  which 30 % are random, and from labels that are all the same, of windows in doubt and of all.
- `calls_per_hour`: windows below 0.5 in a wearer's hour of each day, while every day's queue is
  learned from and judged before the next.

The offline expert, who costs nothing, looks at every window that no endpoint is asked about; one is
asked below 0.5.

`--shares` measures of a seed only what the log says by the expert's own share of its word, the rest
being the record's estimate, and by the confidence of the network below which that stands; with
`--validation`, which composes the days from what the weights were chosen on, it is chosen so.

`--labels` says who names the queue of `adapt_gain`, `original_change`, `uncertain_share` and
`calls_per_hour`; `details` has them for each.
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from models.research.evaluation.options import measured_data
from models.research.evaluation.runs_by_seed import (
    add_runs_by_seed,
    earlier_runs,
    seeds_of,
    write_runs,
)
from models.research.evaluation.self_training.measures import (
    DEFAULT_LABELS,
    LABELS,
    WEARERS,
    Figures,
    calendar_of,
    measure,
    measure_shares,
)
from models.research.evaluation.self_training.refining import THRESHOLDS
from models.research.lib.cache_folder import cache_folder
from models.research.lib.error_lines import one_line_errors
from models.research.lib.tables import table
from models.research.lib.weights_folder import weights_folder
from models.serving.registry import WEIGHTS_DIR
from schemas.atomic_file import write_atomically
from schemas.option_bounds import check_minimums
from schemas.output_path import kept_folder

if TYPE_CHECKING:
    from collections.abc import Sequence


def headlines(figures: Figures) -> str:
    """Return the headline figures as a Markdown table."""
    rows = [(k, v) for k, v in figures.items() if k != "details"]
    flat = []
    for name, value in rows:
        if isinstance(value, dict):
            flat += [(f"{name} {key}", f"{each:+.3f}") for key, each in value.items()]
        elif isinstance(value, list):
            flat.append((name, " → ".join(f"{each:.3f}" for each in value)))
        else:
            flat.append((name, f"{value:+.3f}"))
    lines = ["| figure | value |", "|---|---|"]
    return "\n".join(lines + [f"| {name.replace('_', ' ')} | {value} |" for name, value in flat])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.research.evaluation.self_training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, help="folder of recordings (default: the shared ones)")
    parser.add_argument(
        "--weights", type=weights_folder, default=WEIGHTS_DIR, help="folder of the weights"
    )
    parser.add_argument("--cache", type=kept_folder, help="cache folder of the composed days")
    parser.add_argument("--labels", choices=LABELS, default=DEFAULT_LABELS)
    parser.add_argument("--wearers", type=int, default=WEARERS, help="number of wearers")
    parser.add_argument(
        "--validation", action="store_true", help="compose from what the weights were chosen on"
    )
    parser.add_argument(
        "--shares",
        action="store_true",
        help="measure only the log's F1, by the offline expert's own share of what it says",
    )
    parser.add_argument(
        "--muffled-db", type=float, default=0.0, help="attenuation of the earphones, dB per octave"
    )
    add_runs_by_seed(parser, "self-training")
    parser.add_argument(
        "--processes", type=int, default=2, help="number of processes that compose days"
    )
    return parser


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = _parser()
    options = parser.parse_args(arguments)
    check_minimums(parser, options, seed=0, seeds=0, processes=1, wearers=1)
    if options.shares:
        _measure_shares(parser, options)
        return 0
    runs = earlier_runs(options)
    if runs is None:
        runs = _measure_seeds(parser, options)
    section = partial(_section, options.results)
    write_runs(parser, options, runs, section)
    return 0


def _measure_seeds(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[Figures]:
    data = measured_data(parser, options)
    runs: list[Figures] = []
    with cache_folder(options.cache) as cache:
        for seed in seeds_of(options):
            runs.append(
                measure(
                    options.weights,
                    data,
                    seed,
                    cache,
                    options.labels,
                    options.muffled_db,
                    options.processes,
                    options.wearers,
                    validation=options.validation,
                )
            )
            print(f"seed {seed}\n{headlines(runs[-1])}")
    return runs


def _measure_shares(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    data = measured_data(parser, options)
    with cache_folder(options.cache) as cache:
        calendar = calendar_of(
            options.seed, options.muffled_db, options.wearers, validation=options.validation
        )
        figures = measure_shares(options.weights, data, calendar, cache, options.processes)
    rows = [[share, *(f"{f1:.3f}" for f1 in each.values())] for share, each in figures.items()]
    print(table(["own share", *(f"below {name}" for name in THRESHOLDS)], rows))
    if options.json is not None:
        write_atomically(options.json, json.dumps(figures, indent=2))


def _section(page: Path, runs: Sequence[Figures], command: str, date: str) -> str:
    # Drawing is an extra that measuring alone does without.
    from models.research.evaluation.self_training import report

    figures = page.parent / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    return report.section(runs, figures, command, date)


if __name__ == "__main__":
    sys.exit(main())
