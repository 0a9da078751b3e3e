"""The section of docs/RESULTS.md on classes of activity, their number, and their scenarios."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from models.research.evaluation.composed_days.by_class import SHOWN
from models.research.lib.plots import draw_ranking, lines
from models.research.lib.tables import Figures, across, pick, table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PARTS = ("classes", "groups", "similarity")


def section(runs: Sequence[Figures], figures: Path) -> str:
    """Return tables over the seeds, and plot their means into the folder `figures`."""
    if any(part not in run.get("har", {}) for run in runs for part in _PARTS):
        return "Not measured."
    return "\n\n".join([_classes(runs, figures), _groups(runs, figures), _scenarios(runs, figures)])


def _classes(runs: Sequence[Figures], figures: Path) -> str:
    """Return each activity's recall, the best first (EgoLog Figs. 7 and 18)."""
    names = _names(runs, "classes")
    recalls = {name: _mean(runs, ("har", "classes", name, next(iter(SHOWN)))) for name in names}
    names.sort(key=lambda name: -recalls[name])
    rows = [
        [
            name,
            str(round(sum(_values(runs, ("har", "classes", name, "windows"))))),
            *(across(runs, ("har", "classes", name, shown)) for shown in SHOWN),
        ]
        for name in names
    ]
    drawn = {
        shown: [_mean(runs, ("har", "classes", name, shown)) for name in names] for shown in SHOWN
    }
    draw_ranking(drawn, names, "recall of each activity", figures / "classes.png")
    return (
        "Recall of each activity of the closed set in composed days:\n\n"
        + table(["activity", "windows", *SHOWN], rows)
        + "\n\n![recall of each activity](figures/classes.png)"
    )


def _groups(runs: Sequence[Figures], figures: Path) -> str:
    """Return the accuracy against the number of classes (EgoLog Fig. 6)."""
    counts = _names(runs, "groups")
    rows = [
        [count, *(across(runs, ("har", "groups", count, shown)) for shown in SHOWN)]
        for count in counts
    ]
    drawn = {
        shown: {float(count): _mean(runs, ("har", "groups", count, shown)) for count in counts}
        for shown in SHOWN
    }
    lines(drawn, "classes", "accuracy against the number of classes", figures / "groups.png")
    return (
        "Accuracy where activities whose names are alike count as one class (K-means of the "
        "names' vectors; nothing is trained anew):\n\n"
        + table(["classes", *SHOWN], rows)
        + "\n\n![accuracy against the number of classes](figures/groups.png)"
    )


def _scenarios(runs: Sequence[Figures], figures: Path) -> str:
    """Return the similarity of activities within and between scenarios (EgoLog Fig. 2)."""
    kinds = ("intra", "inter")
    names = _names(runs, "similarity")
    means = {
        kind: [_mean(runs, ("har", "similarity", name, kind)) for name in names] for kind in kinds
    }
    draw_ranking(means, names, "similarity of activities' names", figures / "similarity.png")
    within, between = (statistics.mean(means[kind]) for kind in kinds)
    return (
        "Similarity of the names of two windows' activities: of one scenario "
        f"{within:.3f}, of two {between:.3f}. The days are composed, so this is of our own "
        "recipes.\n\n![similarity within and between scenarios](figures/similarity.png)"
    )


def _names(runs: Sequence[Figures], part: str) -> list[str]:
    return list(dict.fromkeys(name for run in runs for name in run["har"][part]))


def _mean(runs: Sequence[Figures], path: tuple[str, ...]) -> float:
    return statistics.mean(_values(runs, path))


def _values(runs: Sequence[Figures], path: tuple[str, ...]) -> list[float]:
    return [value for run in runs if (value := pick(run, path)) is not None]
