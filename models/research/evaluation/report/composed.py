"""The sections on composed days: a far loudspeaker, and the length of data."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from models.research.lib.plots import lines
from models.research.lib.tables import Figures, across, table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def far_sound(runs: Sequence[Figures]) -> str:
    """Return the accuracy of activities by method against a far loudspeaker."""
    ways = (
        ("no gate", "accuracy_interfered", None),
        ("audio dropped", "accuracy_interfered_gated", "won_back_dropped"),
        ("near field kept", "accuracy_interfered_near_kept", "won_back"),
    )
    rows = [
        [
            name,
            across(runs, ("har", accuracy)),
            "–" if won is None else across(runs, ("gate", won)),
        ]
        for name, accuracy, won in ways
    ]
    return (
        "Composed minutes in which a loudspeaker plays from afar without a pause; its cost is what "
        f"activities lose beside {across(runs, ('har', 'accuracy_clean'))} without it. Where "
        "there is a gate they are told the scenario without segments of far sound alone.\n\n"
        + table(["what is done", "activity, 5 s, accuracy", "share of the cost won back"], rows)
    )


def lengths(runs: Sequence[Figures], figures: Path) -> str:
    """Return the scores by length of data, and plot their means into the folder `figures`."""
    kinds = {
        "activity, accuracy (no scenario)": ("har", "by_length"),
        "scenario, F1": ("scenario", "by_length"),
    }
    rows = []
    drawn: dict[str, dict[float, float]] = {}
    for name, path in kinds.items():
        lengths = runs[0].get(path[0], {}).get(path[1], {})
        rows += [[name, f"{length} s", across(runs, (*path, length))] for length in lengths]
        drawn[name] = {
            float(s): statistics.mean(float(run[path[0]][path[1]][s]) for run in runs)
            for s in lengths
        }
    located = runs[0].get("localization", {}).get("by_length", {})
    for length in located:
        where = ("localization", "by_length", length, "direction_accuracy")
        rows.append(["direction, accuracy", f"{length} s", across(runs, where)])
    if located:
        drawn["direction, accuracy"] = {
            float(s): float(located[s]["direction_accuracy"]) for s in located
        }
    lines(drawn, "seconds", "accuracy against length of data", figures / "lengths.png")
    return (
        table(["what", "length", "score"], rows)
        + "\n\n![accuracy against length](figures/lengths.png)"
    )
