"""Simulate many seeds: `python -m tests.simulation [--seeds 10000] [--first 0] [--json OUT]`.

A failing seed is printed with the differences in its log; `--first SEED --seeds 1` repeats it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from datetime import UTC, datetime

from tqdm import tqdm

from schemas.option_bounds import check_minimums
from schemas.output_path import output_file
from tests.simulation.course import differences


def main() -> None:
    """Run the seeds; exit with 1 if one fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, help="number of seeds")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--json", type=output_file, help="write how many were kept to this file")
    options = parser.parse_args()
    check_minimums(parser, options, seeds=1, first=0)
    # Networks fail on purpose, and each failure would be logged.
    logging.disable(logging.ERROR)
    failed = 0
    for seed in tqdm(range(options.first, options.first + options.seeds), disable=None):
        changed = asyncio.run(differences(seed))
        if changed:
            failed += 1
            print(f"seed {seed}:", *changed[:20], sep="\n  ")
    print(f"{options.seeds - failed} of {options.seeds} seeds kept the promise")
    if options.json is not None:
        figures = {
            "seeds": options.seeds,
            "kept": options.seeds - failed,
            "date": datetime.now(UTC).date().isoformat(),
            "command": f"python -m tests.simulation --seeds {options.seeds} "
            f"--first {options.first}",
        }
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
