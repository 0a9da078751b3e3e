"""The runs of LanHAR's Figs. 10, 13, 14 and 15: data sets, rows and seeds."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from models.lanhar.activity_names import in_set
from models.research.lanhar.evaluation.ablations import run_row
from models.research.lanhar.evaluation.complex_activities import complex_activities
from models.research.lanhar.evaluation.data_sets import DATA_SETS
from models.research.lanhar.evaluation.evaluation_settings import EvaluationSettings
from models.research.lanhar.evaluation.kept_runs import keep, read_kept
from models.research.lanhar.evaluation.regeneration import regeneration
from models.research.lanhar.evaluation.variants import INTERPRETERS, LANGUAGE_MODELS
from models.research.lanhar.interpretation.windows import Windows, read_npz
from models.research.lanhar.training.transfer import Interpreted, interpret
from models.research.lib.tables import Figures

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from models.lanhar.activity_names import LabelSet
    from models.research.lanhar.evaluation.ablations import Row

FIGURES = ("10", "13", "14", "15")
COMPLEX = {"WISDM, pocket": "wisdm19_phone_20hz.npz", "WISDM, wrist": "wisdm19_watch_20hz.npz"}
"""Fig. 10's data sets."""
LABEL_SET: LabelSet = "four"
Measured = dict[str, dict[str, dict[int, Figures]]]
"""Figure to row to seed to what was measured."""


@dataclass(frozen=True)
class FigureSettings:
    """How much takes part: the first `users` of a data set, at most `each` windows of an activity.

    `each` windows are drawn of each user's; `share` is that of the training steps.
    """

    users: int = 16
    each: int = 12
    share: float = 0.5

    def __str__(self) -> str:
        return (
            f"the first {self.users} users of each data set, at most {self.each} windows of each "
            f"one's activity, {self.share:g} of the training steps"
        )

    def few(self, windows: Windows) -> Windows:
        """Return the windows that take part."""
        users = np.unique(windows.user)[: self.users]
        rng = np.random.default_rng(0)
        kept: list[int] = []
        for user in users:
            for label in np.unique(windows.label[windows.user == user]):
                own = np.flatnonzero((windows.user == user) & (windows.label == label))
                kept += rng.permutation(own)[: self.each].tolist()
        return windows.where(np.sort(np.array(kept, np.int64)))


@dataclass(frozen=True)
class FigureRun:
    """One row of a figure by one seed."""

    figure: str
    row: str
    seed: int
    measure: Callable[[], Figures]

    def kept_in(self, folder: Path, settings: FigureSettings) -> Path:
        """Return the file that its figures are kept in."""
        key = sha256(f"{self.row} {settings!r}".encode()).hexdigest()[:10]
        return folder / f"figure-{self.figure}-{key}-{self.seed}.json"


class FigureData:
    """Data sets as the figures take them, each read and interpreted once."""

    def __init__(self, folder: Path, settings: FigureSettings) -> None:
        self.folder = folder
        self.settings = settings
        self._windows: dict[str, Windows] = {}
        self._interpreted: dict[str, Interpreted] = {}

    def windows(self, file: str) -> Windows:
        """Return the windows of a file that take part."""
        if file not in self._windows:
            self._windows[file] = self.settings.few(read_npz(self.folder / file))
        return self._windows[file]

    def interpreted(self, file: str) -> Interpreted:
        """Return those of the paper's four activities, interpreted."""
        if file not in self._interpreted:
            windows = self.windows(file)
            self._interpreted[file] = interpret(windows.where(in_set(windows.label, LABEL_SET)[0]))
        return self._interpreted[file]


def runs(
    wanted: Sequence[str], seeds: Sequence[int], data: FigureData, also: Sequence[Row] = ()
) -> list[FigureRun]:
    """Return every run of the wanted figures, the first seed of all rows first."""
    rows: list[tuple[str, str, Callable[[int], Figures]]] = []
    if "10" in wanted:
        rows += [("10", name, partial(_parted, data, file)) for name, file in COMPLEX.items()]
    if "13" in wanted:
        rows += [("13", row.name, partial(_changed, data, row)) for row in LANGUAGE_MODELS]
    if "14" in wanted:
        rows += [("14", row.name, partial(_changed, data, row)) for row in (*INTERPRETERS, *also)]
    if "15" in wanted:
        rows.append(("15", "all pairs", partial(_regeneration, data)))
    return [
        FigureRun(figure, name, seed, partial(measure, seed))
        for seed in seeds
        for figure, name, measure in rows
    ]


def _parted(data: FigureData, file: str, seed: int) -> Figures:
    settings = EvaluationSettings(with_new=False).shorter(data.settings.share)
    return complex_activities(data.windows(file), seed, settings, report_progress)


def _changed(data: FigureData, row: Row, seed: int) -> Figures:
    source, target = (data.interpreted(DATA_SETS[name]) for name in list(DATA_SETS)[:2])
    settings = EvaluationSettings().shorter(data.settings.share).transfer
    return run_row(row, source, target, LABEL_SET, seed, settings, None)[1]


def _regeneration(data: FigureData, seed: int) -> Figures:
    pairs: Figures = regeneration({n: data.windows(f) for n, f in DATA_SETS.items()}, seed)
    return pairs


def measure(todo: Sequence[FigureRun], folder: Path, settings: FigureSettings) -> Measured:
    """Return the figures of all runs; what is kept is read, and what is measured is kept."""
    figures: Measured = {}
    for run in todo:
        path = run.kept_in(folder, settings)
        if not path.is_file():
            keep(path, run.measure())
        found = read_kept(path)
        figures.setdefault(run.figure, {}).setdefault(run.row, {})[run.seed] = found
        report_progress(f"figure {run.figure}, {run.row}, seed {run.seed}: {_short(found)}")
    return figures


def _short(found: Figures) -> str:
    return str({key: value for key, value in found.items() if isinstance(value, int | float)})


def report_progress(line: str) -> None:
    """Say how far a measurement has come."""
    print(line, file=sys.stderr, flush=True)
