"""The pictures of docs/RESULTS.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from schemas.extras import needs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

with needs("matplotlib", "plots need"):
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

_COLOURS = ("#3366aa", "#cc7722", "#449977", "#883388")


def confusion(
    counts: Sequence[Sequence[int]], names: Sequence[str], title: str, path: Path
) -> None:
    """Draw (L, L) counts as shares of each true class."""
    table = np.array(counts, float)
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    figure, axes = plt.subplots(figsize=(4.2, 3.8), layout="constrained")
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=30)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("said")
    axes.set_ylabel("true")
    axes.set_title(title, fontsize=10)
    for row, column in np.ndindex(share.shape):
        shade = "white" if share[row, column] > 0.5 else "black"
        axes.text(column, row, f"{share[row, column]:.2f}", ha="center", va="center", color=shade)
    _save(figure, path)


def bars(
    series: Mapping[str, Sequence[float]],
    names: Sequence[str],
    title: str,
    path: Path,
    top: float | None = 1.0,
) -> None:
    """Draw one group of bars for each name, up to `top`, None for as high as they are."""
    figure, axes = plt.subplots(figsize=(4.8, 3.8), layout="constrained")
    width = 0.8 / len(series)
    for number, (label, values) in enumerate(series.items()):
        at = np.arange(len(names)) + (number - (len(series) - 1) / 2) * width
        drawn = axes.bar(at, values, width, label=label, color=_COLOURS[number])
        axes.bar_label(drawn, fmt="%.2f", fontsize=8)
    axes.set_xticks(range(len(names)), names)
    axes.set_ylim(0, top)
    axes.legend(fontsize=8)
    axes.set_title(title, fontsize=10)
    _save(figure, path)


def draw_ranking(
    series: Mapping[str, Sequence[float]], names: Sequence[str], title: str, path: Path
) -> None:
    """Draw one row a name, from the top, with a mark for each series between 0 and 1."""
    figure, axes = plt.subplots(figsize=(6.4, 0.26 * len(names) + 1.2), layout="constrained")
    rows = np.arange(len(names))
    for number, (label, values) in enumerate(series.items()):
        axes.plot(values, rows, "o", label=label, color=_COLOURS[number])
    axes.set_yticks(rows, names, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.grid(alpha=0.3)
    # Beside the points, of which there may be some in every corner.
    figure.legend(fontsize=8, loc="outside lower center", ncols=len(series))
    axes.set_title(title, fontsize=10)
    _save(figure, path)


def lines(series: Mapping[str, Mapping[float, float]], unit: str, title: str, path: Path) -> None:
    """Draw each series over a logarithmic axis."""
    figure, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
    ticks = sorted({at for values in series.values() for at in values})
    for number, (label, values) in enumerate(series.items()):
        axes.plot(list(values), list(values.values()), "o-", label=label, color=_COLOURS[number])
    axes.set_xscale("log")
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel(unit)
    axes.set_ylim(0, 1)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    axes.set_title(title, fontsize=10)
    _save(figure, path)


def heat(
    values: NDArray[np.float64], rows: Sequence[str], columns: Sequence[str], title: str, path: Path
) -> None:
    """Draw (rows, columns) numbers as colours: blue above 0, red below, strongest at 3."""
    figure, axes = plt.subplots(figsize=(7.0, 0.13 * len(rows) + 2.5), layout="constrained")
    shown = axes.imshow(values, cmap="RdBu", vmin=-3, vmax=3, aspect="auto")
    axes.set_xticks(range(len(columns)), columns, rotation=60, ha="right", fontsize=7)
    axes.set_yticks(range(len(rows)), rows, fontsize=5)
    axes.set_title(title, fontsize=10)
    figure.colorbar(shown, shrink=0.4)
    _save(figure, path)


def _save(figure: plt.Figure, path: Path) -> None:
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)
