"""LanHAR's Figs. 10, 13, 14 and 15: `python -m models.research.lanhar.evaluation.figures`.

10: complex activities, one data set whose users are parted in two. 13: other language models in the
text encoder's place. 14: other interpreters; `--interpretations` adds what endpoints said
(`models.research.lanhar.interpretation`). 15: distance between data sets with and without
re-generation. `--page docs/LANHAR.md` puts them at the end of the page. What was measured is kept
in `--runs`, by figure, row, seed and settings: a measurement that was stopped goes on where it was;
empty that folder after a change of the code.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

import numpy as np

from models.lanhar.activity_names import in_set
from models.recordings.shared_data import IMU
from models.research.lanhar.evaluation.ablations import run_row
from models.research.lanhar.evaluation.complex_activities import DRAWS, complex_activities
from models.research.lanhar.evaluation.cross_dataset import EvaluationError, EvaluationSettings
from models.research.lanhar.evaluation.kept_runs import add_kept_runs
from models.research.lanhar.evaluation.regeneration import WITH, WITHOUT, regeneration
from models.research.lanhar.evaluation.variants import INTERPRETERS, LANGUAGE_MODELS, by_answers
from models.research.lanhar.interpretation.store import InterpretationsError
from models.research.lanhar.interpretation.windows import Windows, WindowsError, read_npz
from models.research.lanhar.training.transfer import Interpreted, interpret
from models.research.lib.page_sections import put_section
from models.research.lib.recordings_folder import needed_recordings
from models.research.lib.sentence_encoder import SentenceEncoderError
from models.research.lib.tables import Figures, spread, table
from models.serving.one_thread import pin_one_thread
from schemas.atomic_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from models.lanhar.activity_names import LabelSet
    from models.research.lanhar.evaluation.ablations import Row

HEADING = "## The paper's other figures"
FIGURES = ("10", "13", "14", "15")
COMPLEX = {"WISDM, pocket": "wisdm19_phone_20hz.npz", "WISDM, wrist": "wisdm19_watch_20hz.npz"}
"""Fig. 10's data sets."""
DATA_SETS = {
    "HAPT": "uci_hapt_20hz.npz",
    "ClassyGlass": "classyglass_50hz.npz",
    "WISDM": "wisdm19_phone_20hz.npz",
}
"""Fig. 15's data sets; Figs. 13 and 14 go from the first to the second."""
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
        rows.append(("15", "all pairs", partial(_again, data)))
    return [
        FigureRun(figure, name, seed, partial(measure, seed))
        for seed in seeds
        for figure, name, measure in rows
    ]


def _parted(data: FigureData, file: str, seed: int) -> Figures:
    settings = EvaluationSettings(with_new=False).shorter(data.settings.share)
    return complex_activities(data.windows(file), seed, settings, tell)


def _changed(data: FigureData, row: Row, seed: int) -> Figures:
    source, target = (data.interpreted(DATA_SETS[name]) for name in list(DATA_SETS)[:2])
    settings = EvaluationSettings().shorter(data.settings.share).transfer
    return run_row(row, source, target, LABEL_SET, seed, settings, None)[1]


def _again(data: FigureData, seed: int) -> Figures:
    pairs: Figures = regeneration({n: data.windows(f) for n, f in DATA_SETS.items()}, seed)
    return pairs


def measure(todo: Sequence[FigureRun], folder: Path, settings: FigureSettings) -> Measured:
    """Return the figures of all runs; what is kept is read, and what is measured is kept."""
    figures: Measured = {}
    for run in todo:
        path = run.kept_in(folder, settings)
        if not path.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(path, json.dumps(run.measure(), indent=2) + "\n")
        found = json.loads(path.read_text("utf-8"))
        figures.setdefault(run.figure, {}).setdefault(run.row, {})[run.seed] = found
        tell(f"figure {run.figure}, {run.row}, seed {run.seed}: {_short(found)}")
    return figures


def page(measured: Measured, settings: FigureSettings, command: str, date: str) -> str:
    """Return the section of docs/LANHAR.md."""
    way = " → ".join(list(DATA_SETS)[:2])
    parts = [
        HEADING,
        f"Written by `{command}` on {date}: {settings}. Figures are mean ± standard deviation over "
        "the seeds named. They compare rows with one another, not with the tables above, which "
        "have all users and steps.",
    ]
    if "10" in measured:
        parts.append(
            "### Complex activities (Fig. 10)\nOne data set, all activities that are described; "
            f"of {DRAWS} ways to part its users in two the one whose halves lie farthest apart. "
            "LanHAR sees the target's readings without labels, as `limu_bert`, `unihar` and "
            "`udahar` do.\n\n" + _complex(measured["10"])
        )
    for figure, title in (
        (
            "13",
            f"### Language models (Fig. 13)\n{way}, {LABEL_SET}; the text encoder alone differs.",
        ),
        (
            "14",
            f"### Interpreters (Fig. 14)\n{way}, {LABEL_SET}; what is said of readings alone "
            "differs. Endpoints' answers are added by `--interpretations`.",
        ),
    ):
        if figure in measured:
            parts.append(f"{title}\n\n{_rows(measured[figure])}")
    if "15" in measured:
        parts.append(
            "### Iterative re-generation (Fig. 15)\nRelative Kullback-Leibler divergence between "
            "data sets of what is said of one activity's readings, without → with re-generation by "
            "template; lower is more alike. The paper's GPT-4 gains 16.92 % on average.\n\n"
            + _regenerated(list(measured["15"]["all pairs"].values()))
        )
    missing = [figure for figure in FIGURES if figure not in measured]
    if missing:
        parts.append(f"Not run: Fig. {', Fig. '.join(missing)}.")
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


def _regenerated(runs: Sequence[Figures]) -> str:
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


def _short(found: Figures) -> str:
    return str({key: value for key, value in found.items() if isinstance(value, int | float)})


def tell(line: str) -> None:
    """Say how far a measurement has come."""
    print(line, file=sys.stderr, flush=True)


def _answers(text: str) -> tuple[str, Path, Path]:
    name, equals, files = text.partition("=")
    source, comma, target = files.partition(",")
    if not (name and equals and source and comma and target):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=SOURCE.jsonl,TARGET.jsonl")
    return name, Path(source), Path(target)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.evaluation.figures", description=__doc__
    )
    parser.add_argument("--data", type=Path, help="folder of recordings (default: the shared ones)")
    parser.add_argument("--figures", nargs="+", choices=FIGURES, default=list(FIGURES))
    parser.add_argument("--rows", nargs="+", help="prefixes of the rows to run (default: all)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--users", type=int, default=FigureSettings.users)
    parser.add_argument("--each", type=int, default=FigureSettings.each)
    parser.add_argument("--share", type=float, default=FigureSettings.share)
    parser.add_argument(
        "--interpretations", type=_answers, action="append", default=[],
        metavar="NAME=SOURCE.jsonl,TARGET.jsonl",
        help=f"what an endpoint said of {' and of '.join(list(DATA_SETS.values())[:2])}",
    )  # fmt: skip
    add_kept_runs(parser)
    parser.add_argument("--page", type=Path, help="page that the figures are put at the end of")
    options = parser.parse_args(arguments)
    folder = needed_recordings(parser, options) / IMU
    pin_one_thread()
    settings = FigureSettings(options.users, options.each, options.share)
    try:
        also = [
            by_answers(
                name,
                {
                    path: read_npz(folder / file)
                    for path, file in zip(paths, DATA_SETS.values(), strict=False)
                },
            )
            for name, *paths in options.interpretations
        ]
        todo = runs(options.figures, options.seeds, FigureData(folder, settings), also)
        if not options.only_kept:
            prefixes = tuple(options.rows or ("",))
            chosen = [run for run in todo if run.row.startswith(prefixes)]
            measure(chosen, options.runs, settings)
        kept = [run for run in todo if run.kept_in(options.runs, settings).is_file()]
        measured = measure(kept, options.runs, settings)
    except (
        WindowsError,
        EvaluationError,
        InterpretationsError,
        SentenceEncoderError,
        OSError,
    ) as error:
        print(error, file=sys.stderr)
        return 1
    if options.page is not None:
        command = "python -m models.research.lanhar.evaluation.figures " + " ".join(
            f"--{name} {' '.join(map(str, np.atleast_1d(getattr(options, name))))}"
            for name in ("figures", "seeds", "users", "each", "share", "page")
        )
        date = datetime.now(UTC).date().isoformat()
        put_section(options.page, page(measured, settings, command, date))
    return 0


if __name__ == "__main__":
    sys.exit(main())
