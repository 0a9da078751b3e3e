"""Figures over several seeds as Markdown tables."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

Figures = dict[str, Any]


def spread(values: Sequence[float]) -> str:
    """Return "mean ± standard deviation" of figures; one figure has no spread."""
    if len(values) < 2:
        return f"{values[0]:.3f}"
    return f"{statistics.mean(values):.3f} ± {statistics.stdev(values):.3f}"


def pick(figures: Figures, path: tuple[str, ...]) -> float | None:
    """Return the number at `path`, or None where it was not measured."""
    value: Any = figures
    for key in path:
        if not isinstance(value, dict) or value.get(key) is None:
            return None
        value = value[key]
    return float(value)


def across(runs: Sequence[Figures], path: tuple[str, ...], *, minus: tuple[str, ...] = ()) -> str:
    """Return the spread of the number at `path` over the runs in which it was measured.

    With `minus` the one there is subtracted from it within each run.
    """
    values = [value for run in runs if (value := _difference(run, path, minus)) is not None]
    return spread(values) if values else "not measured"


def _difference(run: Figures, path: tuple[str, ...], minus: tuple[str, ...]) -> float | None:
    value = pick(run, path)
    if not minus or value is None:
        return value
    less = pick(run, minus)
    return None if less is None else value - less


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lined = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lined)
