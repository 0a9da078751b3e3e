"""LanHAR's Figs. 10, 13, 14 and 15: `python -m models.research.lanhar.evaluation.figures`.

10: complex activities, one data set whose users are parted in two. 13: other language models in the
text encoder's place. 14: other interpreters; `--interpretations` adds what endpoints said
(`models.research.lanhar.interpretation`). 15: distance between data sets with and without
re-generation. `--page docs/LANHAR.md` writes the section of each figure that was measured, and
leaves the others' as they are. What was measured is kept in `--runs`, by figure, row, seed and
settings: a measurement that was stopped goes on where it was; empty that folder after a change of
the code.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from models.recordings.shared_data import IMU
from models.research.lanhar.evaluation.data_sets import DATA_SETS
from models.research.lanhar.evaluation.figure_runs import (
    FIGURES,
    FigureData,
    FigureSettings,
    measure,
    runs,
)
from models.research.lanhar.evaluation.figures_page import page
from models.research.lanhar.evaluation.kept_runs import add_kept_runs
from models.research.lanhar.evaluation.variants import by_answers
from models.research.lanhar.interpretation.windows import read_npz
from models.research.lib.error_lines import one_line_errors
from models.research.lib.page_command import page_command
from models.research.lib.page_sections import put_section
from models.research.lib.recordings_folder import needed_recordings
from models.serving.one_thread import pin_one_thread
from schemas.option_bounds import check_minimums
from schemas.output_path import output_file

if TYPE_CHECKING:
    from collections.abc import Sequence


def _answers(text: str) -> tuple[str, Path, Path]:
    name, equals, files = text.partition("=")
    source, comma, target = files.partition(",")
    if not (name and equals and source and comma and target):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=SOURCE.jsonl,TARGET.jsonl")
    return name, Path(source), Path(target)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.evaluation.figures", description=__doc__
    )
    parser.add_argument("--data", type=Path, help="folder of recordings (default: the shared ones)")
    parser.add_argument("--figures", nargs="+", choices=FIGURES, default=list(FIGURES))
    parser.add_argument("--rows", nargs="+", help="prefixes of the rows to run (default: all)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--users", type=int, default=FigureSettings.users)
    parser.add_argument("--each", type=int, default=FigureSettings.each)
    parser.add_argument("--share", type=float, default=FigureSettings.share)
    parser.add_argument(
        "--interpretations", type=_answers, action="append", default=[],
        metavar="NAME=SOURCE.jsonl,TARGET.jsonl",
        help=f"what an endpoint said of {' and of '.join(list(DATA_SETS.values())[:2])}",
    )  # fmt: skip
    add_kept_runs(parser)
    parser.add_argument("--page", type=output_file, help="page whose sections are written")
    return parser


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = _parser()
    options = parser.parse_args(arguments)
    check_minimums(parser, options, seeds=0, users=1, each=1, share=0)
    folder = needed_recordings(parser, options) / IMU
    pin_one_thread()
    settings = FigureSettings(options.users, options.each, options.share)
    also = [
        by_answers(
            name,
            {
                path: read_npz(folder / file)
                for path, file in zip(paths, DATA_SETS.values(), strict=False)
            },
        )
        for name, *paths in options.interpretations
    ]
    todo = runs(options.figures, options.seeds, FigureData(folder, settings), also)
    if not options.only_kept:
        prefixes = tuple(options.rows or ("",))
        if unknown := [p for p in prefixes if not any(run.row.startswith(p) for run in todo)]:
            names = ", ".join(dict.fromkeys(repr(run.row) for run in todo))
            parser.error(f"--rows {unknown[0]!r} begins no row; expected of {names}")
        chosen = [run for run in todo if run.row.startswith(prefixes)]
        measure(chosen, options.runs, settings)
    kept = [run for run in todo if run.kept_in(options.runs, settings).is_file()]
    measured = measure(kept, options.runs, settings)
    if options.page is not None and measured:
        command = page_command(parser, options, ("runs", "only_kept"))
        date = datetime.now(UTC).date().isoformat()
        put_section(options.page, page(measured, settings, command, date))
    return 0


if __name__ == "__main__":
    sys.exit(main())
