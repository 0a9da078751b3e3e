"""The runs from one data set to another that LanHAR's page is written from, each kept in a file."""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, cast

from models.research.lanhar.evaluation.cross_dataset import EvaluationSettings, evaluate
from models.research.lanhar.evaluation.over_seeds import Runs, Way
from models.research.lanhar.evaluation.report_tables import Group
from models.research.lanhar.interpretation.windows import read_npz
from models.serving.one_thread import pin_one_thread
from schemas.atomic_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from models.lanhar.activity_names import LabelSet
    from models.research.lib.tables import Figures

_BOTH = ("HAPT", "ClassyGlass")


@dataclass(frozen=True)
class WayRun:
    """One run: its files, classes and seed, and the file that keeps its figures.

    `baselines` are those to run beside it, () for all.
    """

    way: Way
    source: Path
    target: Path
    seed: int
    new: bool
    quick: bool
    kept: Path
    baselines: tuple[str, ...] = ()


def groups(also: Sequence[str] = ()) -> list[Group]:
    """Return all but `walking_and_sitting`; `also` names data sets beside `DATA_SETS`."""
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
            folder / _file(way, seed, quick, baselines),
            baselines,
        )
        for seed in seeds
        for group in wanted
        for way in group.ways
    ]


def _file(way: Way, seed: int, quick: bool, baselines: Sequence[str]) -> str:
    end = ("-quick" if quick else "") + (f"-{'+'.join(baselines)}" if baselines else "")
    return f"{way.source}-{way.target}-{way.label_set}-{seed}{end}.json"


def run(job: WayRun) -> Figures:
    """Train and measure one run on one thread, and keep its figures."""
    pin_one_thread()
    settings = EvaluationSettings(with_new=job.new, only=job.baselines)
    figures = evaluate(
        read_npz(job.source),
        read_npz(job.target),
        cast("LabelSet", job.way.label_set),
        job.seed,
        settings.quick() if job.quick else settings,
    )
    # A run that is stopped while it writes must not be read as one that ended.
    write_atomically(job.kept, json.dumps(figures, indent=2) + "\n")
    return figures


def measure(todo: Sequence[WayRun], workers: int, only_kept: bool = False) -> Runs:
    """Return the figures of all runs; those that are kept already are read.

    Raises `FileNotFoundError` before any run where a data set is missing.
    """
    figures: dict[Way, dict[int, Figures]] = {}
    missing = []
    for job in todo:
        if job.kept.is_file():
            figures.setdefault(job.way, {})[job.seed] = json.loads(job.kept.read_text("utf-8"))
        elif not only_kept:
            missing.append(job)
    if not missing:
        return figures
    for path in sorted({file for job in missing for file in (job.source, job.target)}):
        if not path.is_file():
            raise FileNotFoundError(
                f"no data set at {str(path)!r}; expected one of --data or --also"
            )
    start = time.monotonic()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running = {pool.submit(run, job): job for job in missing}
        try:
            for number, future in enumerate(as_completed(running), start=1):
                job = running[future]
                figures.setdefault(job.way, {})[job.seed] = future.result()
                print(
                    f"{time.monotonic() - start:6.0f} s  {number} of {len(missing)}: {job.way}, "
                    f"{job.way.label_set}, seed {job.seed}",
                    file=sys.stderr,
                    flush=True,
                )
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return figures
