"""Read a million mutated messages, texts and files: `python -m tests.fuzz [--cases 1000000]`.

Nothing may raise an error without a name, allocate more than 64 MB or take more than half a second
of CPU. What does is printed, and written to `--keep`.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
import tracemalloc
import warnings
from pathlib import Path

from schemas.output_path import output_folder
from tests.fuzz.files import file_targets
from tests.fuzz.messages import message_targets
from tests.fuzz.texts import text_targets
from tests.fuzz.trial import Report, Target, run


def main() -> None:
    """Run all targets; exit with 1 where one fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000, help="number of cases in all")
    parser.add_argument("--seed", type=int, default=0, help="seed of the mutations")
    parser.add_argument("--only", help="part of a target's name")
    parser.add_argument("--keep", type=output_folder, help="folder for the cases that fail")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(prefix="egolog-fuzz-") as folder:
        targets = [
            target
            for target in (*message_targets(), *text_targets(), *file_targets(Path(folder)))
            if options.only is None or options.only in target.name
        ]
        if not targets:
            parser.error(f"--only is {options.only!r}; expected a part of a target's name")
        tracemalloc.start()
        reports = [
            run(target, cases, random.Random(f"{options.seed} {target.name}"))
            for target, cases in shared_out(targets, options.cases)
            if show_progress(target, cases)
        ]
    for report in reports:
        print(report)
        for number, (what, data) in enumerate(report.faults.items()):
            print(f"  {what}")
            if options.keep is not None:
                options.keep.mkdir(parents=True, exist_ok=True)
                name = report.name.replace(" ", "_").replace("/", "_")
                (options.keep / f"{name}.{number}").write_bytes(data)
    print(in_all(reports))
    sys.exit(0 if all(report.sound for report in reports) else 1)


def shared_out(targets: list[Target], cases: int) -> list[tuple[Target, int]]:
    """Return how many cases each target gets, at least one."""
    weight = sum(target.weight for target in targets)
    return [(target, max(1, round(cases * target.weight / weight))) for target in targets]


def show_progress(target: Target, cases: int) -> bool:
    """Say on stderr what is read."""
    print(f"{target.name}: {cases}", file=sys.stderr, flush=True)
    return True


def in_all(reports: list[Report]) -> str:
    """Return the sums of all reports in one line."""
    return (
        f"{sum(each.cases for each in reports)} cases: "
        f"{sum(each.untyped for each in reports)} untyped errors, "
        f"{sum(each.large for each in reports)} above 64 MB, "
        f"{sum(each.slow for each in reports)} too slow"
    )


if __name__ == "__main__":
    main()
