"""Writing docs/LANHAR.md: LanHAR and its baselines, mean and spread over the seeds.

The lead and the sections of other commands are kept: of `models.research.lanhar.evaluation.live` at
the top, of `leave_one_out`, `figures` and `positions` at the end.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.research.lanhar.evaluation import figures, leave_one_out, live, positions
from models.research.lib.page_sections import lead, sections
from models.research.lib.tables import Figures, pick, spread, table
from schemas.atomic_file import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from models.research.lib.sizes import Size

NOT_RUN = "not run"


@dataclass(frozen=True)
class Way:
    """From one data set to another, by the classes of a label set."""

    source: str
    target: str
    label_set: str

    def __str__(self) -> str:
        return f"{self.source} → {self.target}"


@dataclass(frozen=True)
class Group:
    """Ways that one bar of the headlines is about; `new` ones show new activities as well."""

    title: str
    ways: tuple[Way, ...]
    paper: str
    least: str
    aim: str
    new: bool = True


Runs = Mapping[Way, Mapping[int, Figures]]
"""Way to seed to what `models.research.lanhar.evaluation` found."""


@dataclass(frozen=True)
class LanharReport:
    """Everything that goes into the page.

    `groups` are the ways asked for, `runs` those that were run; `ablations` is what
    `models.research.lanhar.evaluation.ablations` wrote, of the way `ablated`, empty where not run.
    `sizes` are those of the shipped weights, `rank_ms` what ranking one window takes on one CPU
    thread.
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


_DEVELOPMENT = (
    "**These are development figures.** No run reads a label of its target (but `dcnn_fine_tuned`, "
    "which the paper fine-tunes on a few), and lengths and thresholds are fixed; yet the design, "
    "its inputs and its settings were chosen while scores on HAPT, ClassyGlass and WISDM as "
    "targets were in view. Only a data set that was not at hand then is an honest test."
)
_UNSEEN = (
    "Readings of the target in none of the classes, named among all of the target's labels and "
    "the classes shared with the source. LanHAR learns from descriptions and unlabelled readings; "
    "the baselines from the source's labelled classes, by the same label vectors: the networks "
    "through ridge regression, the forest by its shares (ConSE), `nuactiv` by the patterns that "
    "descriptions name. `dcnn_fine_tuned` sees the labels of a hundredth of the target. UniMTS "
    "was not built; HARGPT runs where an endpoint is given."
)
_AMONG_NEW = (
    "Baselines that learned from labelled classes name most new readings by those: here everybody "
    "is told that a reading is new, and chooses among the new activities alone."
)


def write(report: LanharReport, page: Path) -> None:
    """Write the page; pictures in `figures/` beside it are shown where they are."""
    page.parent.mkdir(parents=True, exist_ok=True)
    seeds = sorted({seed for of_way in report.runs.values() for seed in of_way})
    before = page.read_text("utf-8") if page.is_file() else ""
    kept = sections(before)
    parts = [
        lead(before) or "# LanHAR",
        *_of_headings(kept, live.HEADING),
        "## Across data sets\n"
        f"Written by `{report.command}` on {report.date}; shipped weights {report.weights}. "
        f"Seeds {', '.join(map(str, seeds)) or 'none'}; figures are mean ± standard deviation over "
        "them.",
        _DEVELOPMENT,
    ]
    if report.quick:
        parts.append("**Trained a quarter as long (`--quick`): these are no results.**")
    parts += [
        _headlines(report),
        "## From one data set to another\n" + _ways(report),
        "## Baselines, macro-F1\n" + _baselines(report),
        "## New activities, accuracy\n" + _UNSEEN + "\n\n" + _new(report),
        "## Ablations\n" + _ablations(report),
        "## Distance between data sets\n" + _divergence(report),
        "## Sizes and time\n" + _sizes(report),
    ]
    parts += _of_headings(kept, leave_one_out.HEADING, figures.HEADING, positions.HEADING)
    pictures = sorted((page.parent / "figures").glob("lanhar_*.png"))
    if pictures:
        shown = " ".join(f"![{_title(path)}](figures/{path.name})" for path in pictures)
        parts.append(f"## Pictures\nt-SNE of {report.ablated}.\n\n{shown}")
    write_atomically(page, "\n\n".join(parts) + "\n")


def _of_headings(kept: Mapping[str, str], *headings: str) -> list[str]:
    return [kept[heading] for heading in headings if heading in kept]


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


def best_baseline(
    runs: Runs, ways: Sequence[Way], path: tuple[str, ...], last: str
) -> tuple[str, list[float]] | None:
    """Return the baseline whose figure is highest over all ways and seeds, and its figures.

    `path` leads to the baselines' table in a run, `last` is the figure in each.
    """
    tables = [_inside(one, path) for way in ways for one in runs.get(way, {}).values()]
    names = sorted({name for figures in tables for name in figures})
    scored = {
        name: values
        for name in names
        if (values := together(runs, ways, lambda run, name=name: pick(run, (*path, name, last))))  # type: ignore[misc]
    }
    if not scored:
        return None
    name = max(scored, key=lambda one: statistics.mean(scored[one]))
    return name, scored[name]


def _inside(figures: Figures, path: tuple[str, ...]) -> Figures:
    for key in path:
        figures = figures.get(key) or {}
    return figures


def _mean_of_baselines(figures: Figures) -> float | None:
    scores = [one["macro_f1"] for one in (figures.get("baselines") or {}).values()]
    return statistics.mean(scores) if scores else None


def _said(values: Sequence[float]) -> str:
    return spread(values) if values else NOT_RUN


def _of(path: tuple[str, ...]) -> Callable[[Figures], float | None]:
    return lambda figures: pick(figures, path)


def _title(path: Path) -> str:
    return path.stem.removeprefix("lanhar_").replace("_", " ")


def _headlines(report: LanharReport) -> str:
    runs, rows = report.runs, []
    for group in report.groups:
        ways = group.ways
        f1 = together(runs, ways, _of(("macro_f1",)))
        rows.append([f"{group.title}, macro-F1", _said(f1), group.paper, group.least, group.aim])
        best = best_baseline(runs, ways, ("baselines",), "macro_f1")
        over = NOT_RUN
        if best is not None and f1:
            over = f"{statistics.mean(f1) - statistics.mean(best[1]):+.3f} ({best[0]})"
        rows.append(["… macro-F1 over the best baseline", over, "", "+0.08", "+0.15"])
        mean = together(runs, ways, _mean_of_baselines)
        over = f"{statistics.mean(f1) - statistics.mean(mean):+.3f}" if mean and f1 else NOT_RUN
        rows.append(["… macro-F1 over the mean of baselines", over, "+0.13", "", ""])
        categories = together(runs, ways, _of(("category_macro_f1",)))
        rows.append(["… categories, macro-F1", _said(categories), "", "0.90", "0.97"])
        if group.new:
            new = together(runs, ways, _of(("new_activities", "accuracy")))
            rows.append(["… new activities, accuracy", _said(new), "", "2.5 × chance", "0.5"])
            rows.append(
                [
                    "… new activities, over the best baseline",
                    _over_new(runs, ways, new),
                    "",
                    "ahead",
                    "",
                ]
            )
    rows.append(
        [
            "sensor encoder and label vectors",
            f"{sum(size.megabytes for size in _ranking(report)):.2f} MB, {report.rank_ms:.1f} ms",
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


def _ways(report: LanharReport) -> str:
    rows = []
    for _, way in _all_ways(report):
        columns = [
            _said(together(report.runs, [way], _of((name,))))
            for name in ("accuracy", "macro_f1", "category_macro_f1")
        ]
        rows.append([str(way), way.label_set, *columns])
    head = ["source → target", "label set", "accuracy", "macro-F1", "categories, macro-F1"]
    return (
        "`four`: walking, going upstairs, going downstairs, sitting; `level`: walking, running, "
        "sitting, standing; of these the classes that both data sets have.\n\n" + table(head, rows)
    )


def _baselines(report: LanharReport) -> str:
    return _compared(report, new=False, path=("baselines",), last="macro_f1", ours=("macro_f1",))


def _new(report: LanharReport) -> str:
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
    figures = [_inside(one, path) for of_way in runs.values() for one in of_way.values()]
    names = list(dict.fromkeys(name for one in figures for name in one if last in one[name]))
    rows = []
    for _, way in _all_ways(report, new):
        columns = [_said(together(runs, [way], _of(ours)))]
        if chance is not None:
            even = together(runs, [way], _of(("new_activities", chance)))
            columns.append(f"{even[0]:.3f}" if even else NOT_RUN)
        columns += [_said(together(runs, [way], _of((*path, name, last)))) for name in names]
        rows.append([f"{way}, {way.label_set}", *columns])
    head = ["source → target", "LanHAR", *(["chance"] if chance else []), *names]
    return table(head, rows)


def _ablations(report: LanharReport) -> str:
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


def _divergence(report: LanharReport) -> str:
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


def _sizes(report: LanharReport) -> str:
    rows = [[size.name, f"{size.parameters:,}", f"{size.megabytes:.2f}"] for size in report.sizes]
    return (
        table(["network", "parameters", "MB"], rows)
        + f"\n\nRanking six seconds against all labels takes {report.rank_ms:.1f} ms on one CPU "
        "thread, by `lanhar_sensor` and `lanhar_labels`; the paper needs 40 MB, and 27 ms on a "
        "phone or 0.7 ms on an A5000. `lanhar_text` is opened where a label is added, "
        "`lanhar_words` where training starts."
    )
