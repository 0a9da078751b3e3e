"""Runs of several seeds: their options, those of earlier files, and their section of a page."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from models.research.lib.figures_file import read_figures
from models.research.lib.page_command import page_command
from models.research.lib.page_sections import put_section
from schemas.atomic_file import write_atomically
from schemas.output_path import output_file

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Sequence

    from models.research.lib.tables import Figures

# Those of a page.
_SEEDS = (0, 1, 2)
# Options that the figures of several seeds do not depend on.
_NO_FIGURE = ("seed", "json", "earlier", "cache", "processes")


def add_runs_by_seed(parser: ArgumentParser, section: str) -> None:
    """Add `--seed`, `--json`, `--results` for a page's section, `--seeds` and `--from`."""
    parser.add_argument("--seed", type=int, default=0, help="random seed of the wearers")
    parser.add_argument("--json", type=output_file, help="output file of the metrics")
    parser.add_argument(
        "--results", type=output_file, help=f"page whose section on {section} is updated"
    )
    parser.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        help="several random seeds in place of --seed; 0 1 2 for --results",
    )
    parser.add_argument(
        "--from",
        dest="earlier",
        type=read_figures,
        nargs="+",
        help="--json files of other runs that --results is written from",
    )


def seeds_of(options: Namespace) -> list[int]:
    """Return the seeds to measure."""
    if options.seeds is not None:
        return list(options.seeds)
    return list(_SEEDS) if options.results is not None else [options.seed]


def earlier_runs(options: Namespace) -> list[Figures] | None:
    """Return the runs of `--from` in order of seed; None without it.

    A run's `details` have its `seed`; a file may have several runs.
    """
    if options.earlier is None:
        return None
    runs = [run for each in options.earlier for run in (each if isinstance(each, list) else [each])]
    return sorted(runs, key=lambda run: run["details"]["seed"])


def write_runs(
    parser: ArgumentParser,
    options: Namespace,
    runs: Sequence[Figures],
    section: Callable[[Sequence[Figures], str, str], str],
) -> None:
    """Write the runs of the parser's command to `--json`, and their section to `--results`.

    `section` is given the runs, the command that gives them, and the date.
    """
    if options.json is not None:
        write_atomically(options.json, json.dumps(runs[0] if len(runs) == 1 else runs, indent=2))
    page = options.results
    if page is None:
        return
    seeds = [run["details"]["seed"] for run in runs]
    told = None if seeds == list(_SEEDS) else seeds
    command = page_command(parser, options, _NO_FIGURE, seeds=told)
    put_section(page, section(runs, command, datetime.now(UTC).date().isoformat()))
    print(f"wrote {page}")
