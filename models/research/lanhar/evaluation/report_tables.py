"""The tables of docs/LANHAR.md."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from models.lanhar.activity_names import classes
from models.research.lanhar.evaluation.over_seeds import (
    NOT_RUN,
    Runs,
    Way,
    best_baseline,
    figure_at,
    inside,
    of_baselines,
    spread_or_not_run,
    together,
)
from models.research.lib.tables import Figures, spread, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.lanhar.activity_names import LabelSet
    from models.research.lib.sizes import Size


@dataclass(frozen=True)
class Group:
    """Ways that one bar of the headlines is about; `new` ones show new activities as well.

    `least_gain` and `aimed_gain` are the bar and the aim of macro-F1 over the best baseline.
    """

    title: str
    ways: tuple[Way, ...]
    paper: str
    least: str
    aim: str
    new: bool = True
    least_gain: float = 0.08
    aimed_gain: float = 0.15


@dataclass(frozen=True)
class LanharReport:
    """Everything that goes into the page.

    `groups` are the ways asked for, `runs` those that were run; `ablations` is what
    `models.research.lanhar.evaluation.ablations` wrote, of the way `ablated`, empty where not run.
    `sizes` are those of the shipped weights, empty where they are shown elsewhere, `rank_ms` what
    ranking one window takes on one CPU thread.
    """

    groups: Sequence[Group]
    runs: Runs
    ablations: Figures
    ablated: Way
    sizes: Sequence[Size]
    rank_ms: float
    date: str
    command: str
    weights: str
    quick: bool = False


_AMONG_NEW = (
    "Baselines that learned from labelled classes name most new readings by those: here everybody "
    "is told that a reading is new, and chooses among the new activities alone."
)

_BASELINES_F1 = (("baselines",), "macro_f1")


def headlines_table(report: LanharReport) -> str:
    """Return the headlines, group by group, with the bars."""
    runs, rows = report.runs, []
    for group in report.groups:
        ways = group.ways
        f1 = together(runs, ways, figure_at(("macro_f1",)))
        rows.append(
            [f"{group.title}, macro-F1", spread_or_not_run(f1), group.paper, group.least, group.aim]
        )
        best = best_baseline(runs, ways, *_BASELINES_F1)
        over = NOT_RUN
        if best is not None and f1:
            name, theirs = best[0], statistics.mean(best[1])
            possible = f"; at most {1 - theirs:+.3f}" if 1 - theirs < group.least_gain else ""
            over = f"{statistics.mean(f1) - theirs:+.3f} ({name}{possible})"
        bar, aim = (f"{gain:+.2f}" for gain in (group.least_gain, group.aimed_gain))
        rows.append(["… macro-F1 over the best baseline", over, "", bar, aim])
        means = [statistics.mean(v) for v in of_baselines(runs, ways, *_BASELINES_F1).values()]
        over = f"{statistics.mean(f1) - statistics.mean(means):+.3f}" if means and f1 else NOT_RUN
        rows.append(["… macro-F1 over the mean of baselines", over, "+0.13", "", ""])
        categories = together(runs, ways, figure_at(("category_macro_f1",)))
        rows.append(["… categories, macro-F1", spread_or_not_run(categories), "", "0.90", "0.97"])
        if group.new:
            new = together(runs, ways, figure_at(("new_activities", "accuracy")))
            rows.append(
                ["… new activities, accuracy", spread_or_not_run(new), "", "2.5 × chance", "0.5"]
            )
            rows.append(
                [
                    "… new activities, over the best baseline",
                    _over_new(runs, ways, new),
                    "",
                    "ahead",
                    "",
                ]
            )
    if report.sizes:
        rows.append(
            [
                "sensor encoder and label vectors",
                f"{sum(s.megabytes for s in _ranking(report)):.2f} MB, {report.rank_ms:.1f} ms",
                "40 MB, 27 ms (phone)",
                "10 MB, 10 ms",
                "4 MB, 3 ms",
            ]
        )
    return table(["mean over the ways of each group", "ours", "paper", "bar", "aim"], rows)


def _over_new(runs: Runs, ways: Sequence[Way], ours: Sequence[float]) -> str:
    best = best_baseline(runs, ways, ("new_activities", "baselines"), "accuracy")
    if best is None or not ours:
        return NOT_RUN
    return f"{statistics.mean(ours) - statistics.mean(best[1]):+.3f} ({best[0]})"


def _all_ways(report: LanharReport, new: bool = False) -> list[tuple[Group, Way]]:
    return [(g, way) for g in report.groups for way in g.ways if g.new or not new]


def ways_table(report: LanharReport) -> str:
    """Return the figures of every way."""
    rows = []
    for _, way in _all_ways(report):
        columns = [
            spread_or_not_run(together(report.runs, [way], figure_at((name,))))
            for name in ("accuracy", "macro_f1", "category_macro_f1")
        ]
        rows.append([str(way), way.label_set, *columns])
    sets = dict.fromkeys(way.label_set for _, way in _all_ways(report))
    shown = "; ".join(f"`{name}`: {', '.join(classes(cast('LabelSet', name)))}" for name in sets)
    head = ["source → target", "label set", "accuracy", "macro-F1", "categories, macro-F1"]
    return f"{shown}; of these the classes that both data sets have.\n\n" + table(head, rows)


def baselines_table(report: LanharReport) -> str:
    """Return the macro-F1 of the baselines, way by way."""
    return _compared(report, new=False, path=("baselines",), last="macro_f1", ours=("macro_f1",))


def new_table(report: LanharReport) -> str:
    """Return the accuracies on new activities, among all labels and among the new ones."""
    tables = [
        _compared(
            report,
            new=True,
            path=("new_activities", "baselines"),
            last=f"accuracy{among}",
            ours=("new_activities", f"accuracy{among}"),
            chance=f"chance{among}",
        )
        for among in ("", "_among_new")
    ]
    return f"{tables[0]}\n\n{_AMONG_NEW}\n\n{tables[1]}"


def _compared(
    report: LanharReport,
    new: bool,
    path: tuple[str, ...],
    last: str,
    ours: tuple[str, ...],
    chance: str | None = None,
) -> str:
    runs = report.runs
    figures = [inside(one, path) for of_way in runs.values() for one in of_way.values()]
    names = list(dict.fromkeys(name for one in figures for name in one if last in one[name]))
    rows = []
    for _, way in _all_ways(report, new):
        columns = [spread_or_not_run(together(runs, [way], figure_at(ours)))]
        if chance is not None:
            even = together(runs, [way], figure_at(("new_activities", chance)))
            columns.append(f"{even[0]:.3f}" if even else NOT_RUN)
        columns += [
            spread_or_not_run(together(runs, [way], figure_at((*path, name, last))))
            for name in names
        ]
        rows.append([f"{way}, {way.label_set}", *columns])
    head = ["source → target", "LanHAR", *(["chance"] if chance else []), *names]
    return table(head, rows)


def ablations_table(report: LanharReport) -> str:
    """Return the ablations."""
    rows = report.ablations.get("rows")
    if not rows:
        return (
            f"{NOT_RUN.capitalize()}: "
            "`python -m models.research.lanhar.evaluation.results --ablate`."
        )
    first = next(iter(rows.values()))
    kept = statistics.mean(one["macro_f1"] for one in first)
    lines = [
        [
            name,
            *(
                spread([one[key] for one in figures])
                for key in ("macro_f1", "accuracy", "category_macro_f1")
            ),
            f"{statistics.mean(one['macro_f1'] for one in figures) - kept:+.3f}",
        ]
        for name, figures in rows.items()
    ]
    head = ["one change", "macro-F1", "accuracy", "categories, macro-F1", "change of macro-F1"]
    return f"{report.ablated}, {report.ablated.label_set}, {len(first)} seeds.\n\n" + table(
        head, lines
    )


def divergence_table(report: LanharReport) -> str:
    """Return the distances between data sets."""
    spaces: dict[str, dict[str, float]] = report.ablations.get("divergence") or {}
    if not spaces:
        return f"{NOT_RUN.capitalize()}: it comes with the ablations."
    labels = list(dict.fromkeys(label for figures in spaces.values() for label in figures))
    rows = [
        [
            name,
            *(f"{figures[label]:.2f}" if label in figures else "" for label in labels),
            f"{statistics.mean(figures.values()):.2f}",
        ]
        for name, figures in spaces.items()
    ]
    return (
        f"Relative Kullback-Leibler divergence of {report.ablated} (LanHAR Table 1): between the "
        "data sets over that between activities; lower is more alike.\n\n"
        + table(["space", *labels, "mean"], rows)
    )


def _ranking(report: LanharReport) -> list[Size]:
    return [size for size in report.sizes if size.name in ("lanhar_sensor", "lanhar_labels")]


def sizes_table(report: LanharReport) -> str:
    """Return the sizes of the networks, and the time of a ranking."""
    rows = [[size.name, f"{size.parameters:,}", f"{size.megabytes:.2f}"] for size in report.sizes]
    return (
        table(["network", "parameters", "MB"], rows)
        + f"\n\nRanking six seconds against all labels takes {report.rank_ms:.1f} ms on one CPU "
        "thread, by `lanhar_sensor` and `lanhar_labels`; the paper needs 40 MB, and 27 ms on a "
        "phone or 0.7 ms on an A5000. `lanhar_text` is opened where a label is added, "
        "`lanhar_words` where training starts."
    )
