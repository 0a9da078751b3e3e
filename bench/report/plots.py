"""The two plots of docs/PERFORMANCE.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.extras import needs

if TYPE_CHECKING:
    from pathlib import Path

    from bench.report.figures import Figures

with needs("matplotlib", "plots need"):
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

_COLOUR = "#3366aa"
_UNIT = "CPU ms a wearer-second"


def draw_subjects(figures: Figures, path: Path) -> None:
    """Plot a bar per subject, with its rounds as points."""
    subjects = figures["subjects"]
    figure, axes = plt.subplots(figsize=(7.0, 3.2), layout="constrained")
    bars = axes.barh(list(subjects), [each["ms"] for each in subjects.values()], color=_COLOUR)
    axes.bar_label(bars, fmt="%.1f", padding=3, fontsize=8)
    for row, each in enumerate(subjects.values()):
        axes.plot(each["rounds"], [row] * len(each["rounds"]), "k.", markersize=4)
    axes.invert_yaxis()
    axes.set_xlabel(_UNIT)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def draw_wearers(figures: Figures, path: Path) -> None:
    """Plot the cost per wearer by number of wearers."""
    wearers = figures["wearers"]
    figure, axes = plt.subplots(figsize=(5.0, 3.2), layout="constrained")
    axes.plot(list(map(int, wearers)), [each["ms"] for each in wearers.values()], "o-", c=_COLOUR)
    axes.set_xscale("log")
    axes.set_xticks(list(map(int, wearers)), list(wearers))
    axes.minorticks_off()
    axes.set_ylim(0)
    axes.set_xlabel("wearers of one worker")
    axes.set_ylabel(_UNIT)
    figure.savefig(path, dpi=100)
    plt.close(figure)
