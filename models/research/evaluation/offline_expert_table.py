"""Print the offline expert's table.

`python -m models.research.evaluation.offline_expert_table [--scenario NAME]`

For each scenario its chain, and the strongest evidence for and against it, in log-odds per unit of
evidence: a certain sound, an activity all the time, or 4 nats of the network's own log-odds.
`--all` prints the whole table as tab-separated values, `--draw FILE` plots it.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

import numpy as np

from models.egolog.offline_expert.evidence import ITEMS
from models.egolog.offline_expert.expert import Expert
from models.labels import SCENARIOS
from models.research.lib.error_lines import one_line_errors
from schemas.option_bounds import check_minimums
from schemas.output_path import output_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TOP = 6


def page(expert: Expert, scenario: str, top: int = TOP) -> str:
    """Return one scenario's chain and its strongest evidence as lines of text."""
    at = SCENARIOS.index(scenario)
    column = expert.weights[:, at]
    order = np.argsort(-column, kind="stable")
    lines = [
        f"{scenario}: goes on with {expert.stay[at]:.3f}, begins with {expert.start[at]:.3f} "
        f"each 30 s; bias {expert.bias[at]:+.2f}"
    ]
    for word, rows in (("for", order[:top]), ("against", order[::-1][:top])):
        entries = [f"{ITEMS[row]} {column[row]:+.2f}" for row in rows if column[row]]
        lines.append(f"  {word + ':':9}{', '.join(entries) or 'nothing'}")
    return "\n".join(lines)


def values(expert: Expert) -> str:
    """Return the whole table as tab-separated values, a line for each item of evidence."""
    rows = [["evidence", *SCENARIOS], ["bias", *(f"{v:.3f}" for v in expert.bias)]]
    rows += [
        [item, *(f"{v:.3f}" for v in row)] for item, row in zip(ITEMS, expert.weights, strict=True)
    ]
    return "\n".join("\t".join(row) for row in rows)


def draw(expert: Expert, path: Path) -> None:
    """Plot the table: rows are evidence, columns scenarios, blue is for and red against."""
    # Plotting needs an extra that printing does not.
    from models.research.lib.plots import heat

    heat(expert.weights, ITEMS, SCENARIOS, "log-odds of scenarios given evidence", path)


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.evaluation.offline_expert_table", description=__doc__
    )
    parser.add_argument("--scenario", choices=SCENARIOS, help="print only this scenario")
    parser.add_argument("--top", type=int, default=TOP, help="number of items for and against")
    parser.add_argument("--all", action="store_true", help="print the whole table")
    parser.add_argument("--draw", type=output_file, help="output file of a plot")
    options = parser.parse_args(arguments)
    check_minimums(parser, options, top=1)
    expert = Expert.load()
    if options.draw is not None:
        draw(expert, options.draw)
        print(f"wrote {options.draw}")
    elif options.all:
        print(values(expert))
    else:
        chosen = [options.scenario] if options.scenario else list(SCENARIOS)
        print(f"{expert.name}, names from {expert.name_above:g} on")
        print("\n".join(page(expert, name, options.top) for name in chosen))
    return 0


if __name__ == "__main__":
    sys.exit(main())
