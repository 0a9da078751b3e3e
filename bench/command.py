"""Shared code of the commands: options, running a measurement, and writing its figures."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import TYPE_CHECKING

from infra.errors import InfraError
from models.recordings.protocol import RecordingError
from models.recordings.shared_data import data_folder
from models.research.lib.page_sections import put_section
from schemas.atomic_file import write_atomically
from schemas.option_bounds import check_minimums
from schemas.output_path import output_file
from streams.producers.recordings import open_recordings

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from pathlib import Path
    from typing import Any

    from bench.report.figures import Figures
    from models.recordings.protocol import Recording


def fleet_parser(
    prog: str, about: str | None, seconds: int, rounds: int, wearers: int = 8
) -> argparse.ArgumentParser:
    """Return a parser for rounds of a simulated fleet, with these defaults; for `fleet_options`."""
    parser = argparse.ArgumentParser(prog=prog, description=about)
    for name, default, about_it in (
        ("--wearers", wearers, "number of wearers that send"),
        ("--seconds", seconds, "event time of each run, s"),
        ("--rounds", rounds, "number of runs of each kind"),
    ):
        parser.add_argument(name, type=int, default=default, help=about_it)
    parser.add_argument("--json", type=output_file, help="write the figures to this file")
    return parser


def fleet_options(
    parser: argparse.ArgumentParser, arguments: Sequence[str] | None
) -> argparse.Namespace:
    """Return what was given to a `fleet_parser`; ends the program if a number is below 1."""
    options = parser.parse_args(arguments)
    check_minimums(parser, options, wearers=1, seconds=1, rounds=1)
    return options


def named_recordings(
    parser: argparse.ArgumentParser, specs: Sequence[str], data: Path | None
) -> list[Recording]:
    """Return recordings by the names that `replay` takes, of the folder `data` or the shared one.

    Ends the program with a line if one cannot be opened.
    """
    folder = data_folder(data)
    try:
        return [each for spec in specs for each in open_recordings(spec, folder)]
    except RecordingError as error:
        parser.error(str(error))


def run_measurement(
    work: Coroutine[Any, Any, Figures],
    path: Path | None,
    page: Path | None = None,
    section: Callable[[Figures], str] | None = None,
) -> Figures | None:
    """Run `work` and print its figures as JSON, also to the file `path` if one is given.

    If a `page` is given, `section` of the figures is put into it. Returns None after printing an
    error if a service is missing.
    """
    try:
        figures = asyncio.run(work)
    except InfraError as error:
        print(f"error: {error}", file=sys.stderr)
        return None
    text = json.dumps(figures, indent=1) + "\n"
    print(text, end="")
    if path is not None:
        write_atomically(path, text)
    if page is not None and section is not None:
        put_section(page, section(figures))
    return figures


def save_figures(
    figures: Figures, path: Path | None, write_page: Callable[[], None] | None
) -> None:
    """Write figures as JSON to the file `path` and as a page; print them if neither is given."""
    text = json.dumps(figures, indent=1) + "\n"
    if path is not None:
        write_atomically(path, text)
    if write_page is not None:
        write_page()
    if path is None and write_page is None:
        print(text, end="")
