"""Compare the product with its bare networks and its peers: `python -m bench`.

Subjects are interleaved in one run; figures are CPU time by process and thread. On two idle cores
`--quick` takes at most ten minutes, the whole benchmark half an hour. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from bench.command import save_figures
from bench.measuring.machine import machine
from bench.parts.comparison import compare
from bench.parts.fleets import measure_fleets
from bench.parts.plan import QUICK, SMALLEST, WHOLE
from bench.parts.producer import measure_producer
from bench.parts.real_time import measure_real_time
from bench.parts.workers import measure_workers
from bench.report.figures import details, headline
from bench.report.page import write_page
from bench.subjects.services import services
from infra.errors import InfraError
from models.research.lib.figures_file import read_figures
from schemas.interruption import one_line_interruptions
from schemas.output_path import output_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.parts.plan import Plan
    from bench.report.figures import Figures


@one_line_interruptions
def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, or read earlier figures, and write the figures or the page."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="measure less: ten minutes at most")
    size.add_argument("--smallest", action="store_true", help="go through all parts, for tests")
    size.add_argument(
        "--from", dest="source", type=read_figures, help="read the figures of this JSON file"
    )
    parser.add_argument("--json", type=output_file, help="write the figures to this file")
    parser.add_argument(
        "--page", type=output_file, help="write tables and plots to this Markdown file"
    )
    options = parser.parse_args(arguments)
    if options.source is not None:
        figures = options.source
    else:
        plan = QUICK if options.quick else SMALLEST if options.smallest else WHOLE
        flag = " --quick" if plan is QUICK else " --smallest" if plan is SMALLEST else ""
        try:
            figures = asyncio.run(measure(plan, f"python -m bench{flag}"))
        except InfraError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    page = None if options.page is None else partial(write_page, figures, options.page)
    save_figures(figures, options.json, page)
    return 0


async def measure(plan: Plan, command: str) -> Figures:
    """Return all figures of one run."""
    about = machine()
    with services() as running:
        comparison = await compare(running, plan, _report)
        fleets = await measure_fleets(running, plan, _report)
        workers = await measure_workers(running, plan, _report)
        real_time = await measure_real_time(running, plan, _report)
        producer_ms = await measure_producer(running, plan, _report)
        return {
            **headline(comparison, real_time, running.main),
            **details(running, comparison, fleets, workers, real_time, producer_ms),
            "machine": about,
            "sizes": asdict(plan),
            "command": command,
        }


def _report(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
