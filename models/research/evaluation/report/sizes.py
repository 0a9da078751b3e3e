"""The section on the sizes of the networks and the time of a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.research.lib.tables import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.research.lib.sizes import Cost, Size


# EgoLog's Table 3: seconds between windows, CPU and GPU milliseconds.
_PAPER = {
    "scenario": ("30 s", "550", "9"),
    "spatial": ("2 s", "2.5", "2.1"),
    "har": ("10 s", "34", "2.7"),
}


def sizes_and_time(sizes: Sequence[Size], costs: Sequence[Cost]) -> str:
    """Return the networks' parameters and megabytes, and the cost of each window."""
    rows = [[s.name, f"{s.parameters:,}", f"{s.megabytes:.2f}"] for s in sizes]
    total = sum(s.megabytes for s in sizes)
    rows.append(["all", f"{sum(s.parameters for s in sizes):,}", f"{total:.2f}"])
    windows = [
        [
            c.part,
            f"{c.every_s} s",
            f"{c.mega_macs:.1f}",
            f"{c.cpu_ms:.1f}",
            *_PAPER.get(c.part, ("–", "–"))[:2],
        ]
        for c in costs
    ]
    head = [
        "window",
        "every",
        "million MACs",
        "ms, one CPU thread",
        "paper: every",
        "paper: ms, CPU",
    ]
    return (
        table(["network", "parameters", "MB"], rows)
        + "\n\n"
        + table(head, windows)
        + "\n\nNo GPU was at hand; the paper's GPU needs 9, 2.1 and 2.7 ms."
    )
