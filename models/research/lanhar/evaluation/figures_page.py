"""The sections of docs/LANHAR.md of the paper's other figures, one a figure."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING, Any

from models.research.lanhar.evaluation.complex_activities import DRAWS
from models.research.lanhar.evaluation.data_sets import DATA_SETS
from models.research.lanhar.evaluation.figure_runs import (
    LABEL_SET,
    FigureSettings,
    Measured,
)
from models.research.lanhar.evaluation.regeneration import WITH, WITHOUT
from models.research.lib.tables import Figures, spread, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_WAY = f"{' → '.join(list(DATA_SETS)[:2])}, {LABEL_SET}"
HEADINGS = {
    "10": "## Complex activities (Fig. 10)",
    "13": "## Language models (Fig. 13)",
    "14": "## Interpreters (Fig. 14)",
    "15": "## Iterative re-generation (Fig. 15)",
}
_ABOUT = {
    "10": "One data set, all activities that are described, in place of the paper's PAMAP2; of "
    f"{DRAWS} ways to part its users in two the one whose halves lie farthest apart. LanHAR sees "
    "the target's readings without labels, as `limu_bert`, `unihar` and `udahar` do.",
    "13": f"{_WAY}; the text encoder alone differs.",
    "14": f"{_WAY}; what is said of readings alone differs. Endpoints' answers are added by "
    "`--interpretations`.",
    "15": "Relative Kullback-Leibler divergence between data sets of what is said of one "
    "activity's readings, without → with re-generation by template; lower is more alike. The "
    "paper's GPT-4 gains 16.92 % on average.",
}


def page(measured: Measured, settings: FigureSettings, command: str, date: str) -> str:
    """Return the sections of docs/LANHAR.md of the figures that were measured."""
    parts = []
    for figure, rows in measured.items():
        parts += [
            HEADINGS[figure],
            f"Written by `{command}` on {date}: {settings}. Figures are mean ± standard deviation "
            "over the seeds named. They compare rows with one another, not with the tables of all "
            "users and steps.",
            _ABOUT[figure],
            _TABLES[figure](rows),
        ]
    return "\n\n".join(parts)


def _complex(rows: Mapping[str, Mapping[int, Figures]]) -> str:
    names = list(
        dict.fromkeys(
            n for seeds in rows.values() for one in seeds.values() for n in one["baselines"]
        )
    )
    lines = []
    for row, seeds in rows.items():
        runs = list(seeds.values())
        for score in ("accuracy", "macro_f1"):
            baselines = [spread([run["baselines"][name][score] for run in runs]) for name in names]
            lines.append(
                [
                    row,
                    str(runs[0]["activities"]),
                    score.replace("_f1", "-F1"),
                    spread([run[score] for run in runs]),
                    *baselines,
                    _seeds(seeds),
                ]
            )
    return table(["data set", "activities", "", "LanHAR", *names, "seeds"], lines)


def _rows(rows: Mapping[str, Mapping[int, Figures]]) -> str:
    lines = [
        [
            row,
            *(
                spread([run[score] for run in seeds.values()])
                for score in ("macro_f1", "accuracy", "category_macro_f1")
            ),
            _seeds(seeds),
        ]
        for row, seeds in rows.items()
    ]
    return table(["", "macro-F1", "accuracy", "categories, macro-F1", "seeds"], lines)


def _regenerated(rows: Mapping[str, Mapping[int, Figures]]) -> str:
    runs = list(rows["all pairs"].values())
    lines, changes = [], []
    for pair in runs[0]:
        for label in runs[0][pair][WITHOUT]:
            before, after = (mean(run[pair][how][label] for run in runs) for how in (WITHOUT, WITH))
            lines.append([pair, label, f"{before:.3f}", f"{after:.3f}"])
            changes.append((before, after))
    before, after = (mean(pair[at] for pair in changes) for at in (0, 1))
    lines.append(["mean", "", f"{before:.3f}", f"{after:.3f}"])
    return table(["data sets", "activity", "without", "with"], lines) + (
        f"\n\nSeeds: {len(runs)}. The mean changes by {100 * (after / before - 1):+.1f} %."
    )


def _seeds(seeds: Mapping[int, Any]) -> str:
    return ", ".join(map(str, sorted(seeds)))


_TABLES: dict[str, Callable[[Mapping[str, Mapping[int, Figures]]], str]] = {
    "10": _complex,
    "13": _rows,
    "14": _rows,
    "15": _regenerated,
}
