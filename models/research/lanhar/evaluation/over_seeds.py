"""Figures of runs from one data set to another, over ways and seeds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from models.research.lib.tables import Figures, pick, spread

NOT_RUN = "not run"


@dataclass(frozen=True)
class Way:
    """From one data set to another, by the classes of a label set."""

    source: str
    target: str
    label_set: str

    def __str__(self) -> str:
        return f"{self.source} → {self.target}"


Runs = Mapping[Way, Mapping[int, Figures]]
"""Way to seed to what `models.research.lanhar.evaluation` found."""


def together(
    runs: Runs, ways: Sequence[Way], figure: Callable[[Figures], float | None]
) -> list[float]:
    """Return a figure's mean over ways, for each seed that measured it on all of them."""
    seeds = sorted(set.intersection(*(set(runs.get(way, {})) for way in ways))) if ways else []
    figures = [[figure(runs[way][seed]) for way in ways] for seed in seeds]
    return [
        statistics.mean(known)
        for values in figures
        if len(known := [value for value in values if value is not None]) == len(ways)
    ]


def of_baselines(
    runs: Runs, ways: Sequence[Way], path: tuple[str, ...], last: str
) -> dict[str, list[float]]:
    """Return by baseline its figure's mean over ways, for each seed that measured it on all.

    `path` leads to the baselines' table in a run, `last` is the figure in each.
    """
    tables = [inside(one, path) for way in ways for one in runs.get(way, {}).values()]
    names = sorted({name for figures in tables for name in figures})
    return {
        name: values
        for name in names
        if (values := together(runs, ways, lambda run, name=name: pick(run, (*path, name, last))))  # type: ignore[misc]
    }


def by_seeds(runs: Runs) -> dict[tuple[int, ...], list[str]]:
    """Return by seeds the ways, and the baselines of any way, that were run by exactly those."""
    seeds: dict[str, set[int]] = {}
    for way, of_way in runs.items():
        for seed, figures in of_way.items():
            seeds.setdefault(f"{way} ({way.label_set})", set()).add(seed)
            new = inside(figures, ("new_activities", "baselines"))
            for name in (*inside(figures, ("baselines",)), *new):
                seeds.setdefault(name, set()).add(seed)
    names: dict[tuple[int, ...], list[str]] = {}
    for name, of_it in seeds.items():
        names.setdefault(tuple(sorted(of_it)), []).append(name)
    return names


def best_baseline(
    runs: Runs, ways: Sequence[Way], path: tuple[str, ...], last: str
) -> tuple[str, list[float]] | None:
    """Return the baseline whose figure is highest over all ways and seeds, and its figures."""
    scored = of_baselines(runs, ways, path, last)
    if not scored:
        return None
    name = max(scored, key=lambda one: statistics.mean(scored[one]))
    return name, scored[name]


def inside(figures: Figures, path: tuple[str, ...]) -> Figures:
    """Return the figures at `path`, empty where there are none."""
    for key in path:
        figures = figures.get(key) or {}
    return figures


def spread_or_not_run(values: Sequence[float]) -> str:
    """Return mean and spread, or that it was not run."""
    return spread(values) if values else NOT_RUN


def figure_at(path: tuple[str, ...]) -> Callable[[Figures], float | None]:
    """Return what takes the figure at `path` of a run."""
    return lambda figures: pick(figures, path)
