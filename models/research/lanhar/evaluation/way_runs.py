"""The runs from one data set to another that LanHAR's page is written from, each kept in a file."""

from __future__ import annotations

import sys
import time
from concurrent.futures import as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from models.research.lanhar.evaluation.baseline_figures import Baselines, with_baseline
from models.research.lanhar.evaluation.cross_dataset import evaluate_lanhar
from models.research.lanhar.evaluation.evaluation_settings import (
    TRAINED_BASELINES,
    EvaluationSettings,
)
from models.research.lanhar.evaluation.kept_runs import keep, read_kept
from models.research.lanhar.evaluation.over_seeds import Runs, Way
from models.research.lanhar.evaluation.report_tables import Group
from models.research.lanhar.evaluation.shared_classes import DataSetPair, EvaluationError
from models.research.lanhar.interpretation.windows import read_npz
from models.research.lib.process_pool import process_pool
from models.serving.one_thread import pin_one_thread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from models.lanhar.activity_names import LabelSet
    from models.research.lib.tables import Figures

_BOTH = ("HAPT", "ClassyGlass")


@dataclass(frozen=True)
class WayRun:
    """One run: its files, classes and seed, and the baselines to run beside LanHAR.

    LanHAR's figures and those of each baseline are kept in files of their own in `folder`, so a
    baseline that is asked for later trains nothing else again.
    """

    way: Way
    source: Path
    target: Path
    seed: int
    new: bool
    quick: bool
    folder: Path
    baselines: tuple[str, ...]

    @property
    def kept(self) -> Path:
        """Return the file that keeps LanHAR's own figures."""
        return self.folder / f"{self._stem}.json"

    def kept_baseline(self, name: str) -> Path:
        """Return the file that keeps a baseline's figures."""
        return self.folder / f"{self._stem}-{name}.json"

    def is_kept(self) -> bool:
        """Return whether nothing is left to run."""
        return all(path.is_file() for path in (self.kept, *map(self.kept_baseline, self.baselines)))

    def kept_figures(self) -> Figures:
        """Return LanHAR's figures with those of the baselines that are kept."""
        figures = read_kept(self.kept)
        for name in self.baselines:
            path = self.kept_baseline(name)
            if path.is_file():
                figures = with_baseline(figures, name, read_kept(path))
        return figures

    @property
    def _stem(self) -> str:
        way = self.way
        steps = "-quick" if self.quick else ""
        return f"{way.source}-{way.target}-{way.label_set}-{self.seed}{steps}"


def groups(also: Sequence[str] = ()) -> list[Group]:
    """Return all groups but `walking_and_sitting` and `in_a_pocket`.

    `also` names data sets beside `DATA_SETS`.
    """
    hapt, glass = _BOTH
    return [
        Group("HAPT ↔ ClassyGlass", _ways([hapt], [glass], "four"), "0.731", "0.58", "0.73"),
        *(
            Group(f"{name} ↔ both", _ways([name], _BOTH, "four"), "0.731", "0.58", "0.73")
            for name in also
        ),
        Group(
            "WISDM ↔ both, level classes", _ways(["WISDM"], _BOTH, "level"), "", "0.75", "0.9",
            False,
        ),
    ]  # fmt: skip


def walking_and_sitting() -> Group:
    """Return the ways between data sets that share two of the paper's four activities."""
    ways = _ways(["WISDM"], _BOTH, "four")
    return Group("WISDM ↔ both, walking and sitting", ways, "", "", "")


def in_a_pocket() -> Group:
    """Return the way from a waist to a pocket, whose stairs have no direction."""
    return Group(
        "HAPT → WISDM's pocket: walking, stairs, still",
        (Way("HAPT", "WISDM", "stairs"),),
        "", "", "",
        new=False, least_gain=0.03, aimed_gain=0.10,
    )  # fmt: skip


def _ways(one: Sequence[str], others: Sequence[str], label_set: LabelSet) -> tuple[Way, ...]:
    return tuple(
        way
        for first in one
        for second in others
        for way in (Way(first, second, label_set), Way(second, first, label_set))
    )


def jobs(
    wanted: Sequence[Group],
    files: Mapping[str, Path],
    seeds: Sequence[int],
    folder: Path,
    quick: bool,
    baselines: tuple[str, ...] = (),
) -> list[WayRun]:
    """Return every run of all groups, the first seed of each first."""
    return [
        WayRun(
            way,
            files[way.source],
            files[way.target],
            seed,
            group.new,
            quick,
            folder,
            baselines or TRAINED_BASELINES,
        )
        for seed in seeds
        for group in wanted
        for way in group.ways
    ]


def run(job: WayRun) -> Figures:
    """Train and measure what is missing of a run on one thread; keep each part as it ends."""
    pin_one_thread()
    settings = EvaluationSettings(with_new=job.new)
    settings = settings.quick() if job.quick else settings
    label_set = cast("LabelSet", job.way.label_set)
    pair = DataSetPair.of(read_npz(job.source), read_npz(job.target), label_set)
    if not job.kept.is_file():
        keep(job.kept, evaluate_lanhar(pair, job.seed, settings))
    baselines = Baselines(pair, job.seed, settings)
    for name in job.baselines:
        path = job.kept_baseline(name)
        if not path.is_file():
            keep(path, baselines.figures(name))
    return job.kept_figures()


def measure(todo: Sequence[WayRun], workers: int, only_kept: bool = False) -> Runs:
    """Return the figures of all runs; what is kept already is read.

    Raises `EvaluationError` before any run where a data set is missing.
    """
    figures: dict[Way, dict[int, Figures]] = {}
    missing = []
    for job in todo:
        if not only_kept and not job.is_kept():
            missing.append(job)
        elif job.kept.is_file():
            figures.setdefault(job.way, {})[job.seed] = job.kept_figures()
    if not missing:
        return figures
    for path in sorted({file for job in missing for file in (job.source, job.target)}):
        if not path.is_file():
            raise EvaluationError(f"no data set at {str(path)!r}; expected one of --data or --also")
    start = time.monotonic()
    with process_pool(workers) as pool:
        running = {pool.submit(run, job): job for job in missing}
        for number, future in enumerate(as_completed(running), start=1):
            job = running[future]
            figures.setdefault(job.way, {})[job.seed] = future.result()
            print(
                f"{time.monotonic() - start:6.0f} s  {number} of {len(missing)}: {job.way}, "
                f"{job.way.label_set}, seed {job.seed}",
                file=sys.stderr,
                flush=True,
            )
    return figures
