"""Write LanHAR's page: `python -m models.research.lanhar.evaluation.results`.

`--data DIR` is a folder laid out like the shared recordings (`imu/uci_hapt_20hz.npz` and so on).
LanHAR and each baseline of a run are kept in `--runs` as soon as they end, so a measurement that
was stopped goes on where it was: empty that folder after a change of the code. `--only-kept` trains
nothing and writes what is there. A part of the page stays as it is where none of its runs is there:
walking and sitting between WISDM and the others, a phone in a pocket, and all else.
`--also NAME=FILE` adds a data set as source and target.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, cast

import numpy as np

from models.lanhar.label_table import LANHAR_LABELS
from models.lanhar.rotation_invariant import GRAVITY
from models.lanhar.sensor_encoder import LANHAR_SENSOR
from models.lanhar.text_encoder import LANHAR_WORDS
from models.lanhar.vocabulary import OpenVocabulary
from models.recordings.shared_data import IMU, shared_data
from models.research.lanhar.evaluation.ablations import ablate
from models.research.lanhar.evaluation.data_sets import DATA_SETS
from models.research.lanhar.evaluation.evaluation_settings import TRAINED_BASELINES
from models.research.lanhar.evaluation.kept_runs import add_kept_runs, keep, read_kept
from models.research.lanhar.evaluation.over_seeds import Way
from models.research.lanhar.evaluation.report import (
    write,
    write_pocket,
    write_walking_and_sitting,
)
from models.research.lanhar.evaluation.report_tables import LanharReport
from models.research.lanhar.evaluation.way_runs import (
    groups,
    in_a_pocket,
    jobs,
    measure,
    walking_and_sitting,
)
from models.research.lanhar.interpretation.windows import read_npz
from models.research.lib.error_lines import one_line_errors
from models.research.lib.page_command import page_command
from models.research.lib.recordings_folder import needed_recordings
from models.research.lib.sizes import sizes
from models.serving.one_thread import pin_one_thread
from models.serving.registry import Registry
from schemas.option_bounds import check_minimums
from schemas.output_path import output_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.lanhar.activity_names import LabelSet
    from models.research.lanhar.evaluation.over_seeds import Runs
    from models.research.lanhar.evaluation.report_tables import Group
    from models.research.lib.tables import Figures

ABLATED = Way("HAPT", "ClassyGlass", "four")
_WINDOW_S, _RATE, _REPEATS = 6, 50, 50


def rank_ms(registry: Registry) -> float:
    """Return the median milliseconds of ranking six seconds at 50 Hz, on one CPU thread."""
    pin_one_thread()
    known = OpenVocabulary(registry.load(LANHAR_SENSOR).module.reading)
    labels = registry.load(LANHAR_LABELS).module.labels()
    motion = np.random.default_rng(0).standard_normal((_WINDOW_S * _RATE, 6)).astype(np.float32)
    motion[:, 2] += GRAVITY
    taken = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        known.rank(motion, labels)
        taken.append(time.perf_counter() - start)
    return median(taken) * 1e3


def _ablations(options: argparse.Namespace, files: Mapping[str, Path]) -> Figures:
    kept: Path = options.ablations or options.runs / "ablations.json"
    if options.ablate and not kept.is_file():
        figures = ablate(
            read_npz(files[ABLATED.source]),
            read_npz(files[ABLATED.target]),
            cast("LabelSet", ABLATED.label_set),
            options.seeds,
            pictures=options.out.parent / "figures",
            report_progress=lambda line: print(line, file=sys.stderr, flush=True),
        )
        keep(kept, figures)
    if options.ablations is None and not kept.is_file():
        return {}
    return read_kept(kept)


def _named(text: str) -> tuple[str, Path]:
    name, equals, file = text.partition("=")
    if not (name and equals and file) or "/" in name or name in DATA_SETS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not NAME=FILE with a NAME beside {', '.join(DATA_SETS)}"
        )
    return name, Path(file)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.evaluation.results", description=__doc__
    )
    parser.add_argument("--data", type=Path, help="folder of recordings (default: the shared ones)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument(
        "--out", type=output_file, default=Path("docs/LANHAR.md"), help="output page"
    )
    add_kept_runs(parser)
    parser.add_argument("--quick", action="store_true", help="train for a quarter of the steps")
    parser.add_argument(
        "--baselines",
        nargs="+",
        default=[],
        choices=TRAINED_BASELINES,
        help="run and show only these baselines",
    )
    parser.add_argument(
        "--workers", type=int, default=2, help="number of single-threaded processes"
    )
    parser.add_argument(
        "--ways",
        nargs="+",
        metavar="SOURCE-TARGET-LABELS",
        help="run only these, such as HAPT-ClassyGlass-four; the page shows all finished runs",
    )
    parser.add_argument(
        "--also", type=_named, action="append", default=[], metavar="NAME=FILE",
        help="another data set of the documented layout",
    )  # fmt: skip
    parser.add_argument(
        "--ablate", action="store_true", help="run the ablations too, unless finished"
    )
    parser.add_argument(
        "--ablations", type=Path, help="figures of models.research.lanhar.evaluation.ablations"
    )
    return parser


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = _parser()
    options = parser.parse_args(arguments)
    check_minimums(parser, options, seeds=0, workers=1)
    if options.only_kept:
        folder = (options.data or shared_data() or Path()) / IMU
    else:
        folder = needed_recordings(parser, options) / IMU
    files = {name: folder / file for name, file in DATA_SETS.items()} | dict(options.also)
    wanted = groups([name for name, _ in options.also])
    todo = jobs(
        [*wanted, walking_and_sitting(), in_a_pocket()],
        files,
        options.seeds,
        options.runs,
        options.quick,
        tuple(options.baselines),
    )
    chosen = todo
    if options.ways:
        known = {_key(job.way) for job in todo}
        unknown = [name for name in options.ways if name not in known]
        if unknown:
            parser.error(
                f"--ways {unknown[0]!r} is unknown; expected of {', '.join(sorted(known))}"
            )
        chosen = [job for job in todo if _key(job.way) in options.ways]
    measure(chosen, options.workers, options.only_kept)
    runs = measure(todo, options.workers, only_kept=True)
    ablations = _ablations(options, files)
    command = page_command(parser, options, ("runs", "only_kept", "workers"))
    _write(options, wanted, runs, ablations, command)
    return 0


def _key(way: Way) -> str:
    return f"{way.source}-{way.target}-{way.label_set}"


def _write(
    options: argparse.Namespace,
    wanted: Sequence[Group],
    runs: Runs,
    ablations: Figures,
    command: str,
) -> None:
    """Write the parts of the page of which something was run."""
    registry = Registry()
    revisions = (
        f"{registry.load(LANHAR_SENSOR).revision} (sensor encoder), "
        f"{registry.load(LANHAR_LABELS).revision} (label vectors), "
        f"{registry.load(LANHAR_WORDS).revision} (text encoder that training starts from)"
    )
    of_wanted = {way for group in wanted for way in group.ways}
    report = LanharReport(
        wanted, {way: of_way for way, of_way in runs.items() if way in of_wanted}, ablations,
        ABLATED, [], 0.0, datetime.now(UTC).date().isoformat(), command, revisions, options.quick,
    )  # fmt: skip
    if report.runs:
        shown = [size for size in sizes(registry) if size.name.startswith("lanhar")]
        write(replace(report, sizes=shown, rank_ms=rank_ms(registry)), options.out)
        print(f"wrote {options.out}")
    written = bool(report.runs)
    for group, write_section, title in (
        (walking_and_sitting(), write_walking_and_sitting, "walking and sitting"),
        (in_a_pocket(), write_pocket, "a phone in a pocket"),
    ):
        of_group = {way: runs[way] for way in group.ways if way in runs}
        if of_group:
            write_section(replace(report, groups=[group], runs=of_group), options.out)
            print(f"wrote {title} into {options.out}")
            written = True
    if not written:
        print(f"{str(options.out)!r} stays as it is: no run is in {str(options.runs)!r}")


if __name__ == "__main__":
    sys.exit(main())
