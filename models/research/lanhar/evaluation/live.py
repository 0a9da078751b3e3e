"""Evaluate LanHAR as deployed, on unseen users: `... lanhar.evaluation.live`.

As in the stream, the shipped graphs rank each wearer's five-second windows in order against the
active labels, with the upright and the memory of earlier windows, and with the device's position
from its frames. Of a data set that was trained on, held-out users are evaluated; `--validation`
evaluates the validation users. `--told` replaces the file's position; `head` is what two
microphones alone imply.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.lanhar.sensor_encoder import LANHAR_SENSOR
from models.lanhar.upright import uprights
from models.network.windows import HAR_WINDOW_S
from models.recordings.datasets.labelled_windows import read
from models.recordings.protocol import RecordingError
from models.recordings.shared_data import IMU
from models.research.lanhar.training.scores import macro_f1
from models.research.lib import metrics
from models.research.lib.page_sections import put_section
from models.research.lib.recordings_folder import needed_recordings
from models.research.lib.tables import table
from models.serving.one_thread import pin_one_thread
from models.serving.open_vocabulary import require_lanhar
from models.serving.registry import WEIGHTS_DIR, Registry, RegistryError
from schemas.position import KNOWN_PLACES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.recordings.datasets.labelled_windows import LabelledWindows
    from models.recordings.splits import Split
    from models.serving.open_vocabulary import Lanhar
    from schemas.position import Place

Figures = dict[str, Any]

LEVEL = ("walking", "sitting", "standing")
"""What a wearer does most of the day, which no label that a position cannot show may claim."""
SURE = 0.5
"""An estimate from here on is taken for true by whoever reads the log."""
HEADING = "## As it runs"
_LAYOUTS = ("_50hz", "_20hz")
_SHOWN = 3


@dataclass(frozen=True)
class Ranked:
    """Windows that a label in force is right for.

    `right` are those labels, `first` what ranks first and `share` its probability, `alone` what
    would rank first without the windows before, `without_upright` if the wearer's upright were
    unknown, `of_level` the first among `LEVEL`; `known` says where upright is known.
    """

    right: list[list[str]]
    first: list[str]
    share: list[float]
    alone: list[str]
    without_upright: list[str]
    of_level: list[str]
    known: list[bool]

    def true(self, predicted: Sequence[str]) -> list[str]:
        """Return each window's label: what is predicted where that is right, else the first."""
        return [
            one if one in right else right[0]
            for one, right in zip(predicted, self.right, strict=True)
        ]


def ranked(lanhar: Lanhar, windows: LabelledWindows, compared: bool = True) -> Ranked:
    """Rank the windows; unless `compared` nothing else than what the stream ranks first."""
    names = lanhar.shipped.names
    result = Ranked([], [], [], [], [], [], [])
    count = len(windows)
    memory: defaultdict[str, Sequence[float]] = defaultdict(tuple)
    plain_memory: defaultdict[str, Sequence[float]] = defaultdict(tuple)
    for imu, labels, upright, wearer, start_s, position in zip(
        windows.imu,
        windows.names,
        uprights(windows.imu, windows.wearers),
        windows.wearers or ("",) * count,
        windows.starts_s or [HAR_WINDOW_S * number for number in range(count)],
        windows.positions or (None,) * count,
        strict=True,
    ):
        cosine = upright.cosine(imu)
        pairs, memory[wearer] = lanhar.rank_next(
            imu, lanhar.shipped, cosine, memory[wearer], start_s, position
        )
        first = plain = pairs[0][0]
        if compared:
            plainly, plain_memory[wearer] = lanhar.rank_next(
                imu, lanhar.shipped, None, plain_memory[wearer], start_s, position
            )
            plain = plainly[0][0]
        right = sorted(labels & set(names))
        if not right:
            continue
        result.right.append(right)
        result.first.append(first)
        result.share.append(pairs[0][1])
        result.known.append(cosine is not None)
        result.of_level.append(next((name for name, _ in pairs if name in LEVEL), first))
        if compared:
            result.without_upright.append(plain)
            result.alone.append(lanhar.rank(imu, lanhar.shipped, cosine)[0][0])
    return result


def f1(predicted: Sequence[str], true: Sequence[str]) -> float | None:
    """Return the macro-F1 over the labels that are true, None where there is no window."""
    if not true:
        return None
    return macro_f1(np.array(true), np.array(predicted))


def figures(windows: LabelledWindows, found: Ranked) -> Figures:
    """Return macro-F1 with and without upright, that of `LEVEL`, and each label's own."""
    true = found.true(found.first)
    labels = {}
    for label in sorted(set(true)):
        named = [one for one, of in zip(found.first, true, strict=True) if of == label]
        hits, claimed = named.count(label), found.first.count(label)
        missed = Counter(name for name in named if name != label)
        labels[label] = {
            "windows": len(named),
            "f1": 2 * hits / (len(named) + claimed),
            "taken_for": {name: count / len(named) for name, count in missed.most_common(_SHOWN)},
        }
    level = [at for at, right in enumerate(found.right) if set(right) & set(LEVEL)]
    of_level = [[name for name in found.right[at] if name in LEVEL] for at in level]
    among_all, among_level = ([of[at] for at in level] for of in (found.first, found.of_level))
    return {
        "users": len(set(windows.wearers)),
        "windows": len(true),
        "upright_known": float(np.mean(found.known)) if found.known else None,
        "macro_f1": f1(found.first, true),
        "macro_f1_alone": f1(found.alone, found.true(found.alone)),
        "macro_f1_without_upright": f1(found.without_upright, found.true(found.without_upright)),
        "calibration_error": calibration_error(found),
        "confidently_wrong": confidently_wrong(found),
        "level_macro_f1": f1(among_all, _true(among_all, of_level)),
        "level_macro_f1_among_three": f1(among_level, _true(among_level, of_level)),
        "labels": labels,
    }


def calibration_error(found: Ranked) -> float | None:
    """Return by how much the first label's probability misses how often it is right, in tenths."""
    if not found.first:
        return None
    return metrics.calibration_error(np.array(found.share), _hit(found))


def confidently_wrong(found: Ranked) -> float | None:
    """Return the share of windows whose first label is as likely as `SURE`, and wrong."""
    if not found.first:
        return None
    sure = np.array(found.share) >= SURE
    return float((sure & ~_hit(found)).mean())


def measure(
    weights: Path,
    folder: Path,
    split: Split | None = None,
    workers: int = 1,
    told: Place | None = None,
) -> Figures:
    """Return the figures of every `NAME_50hz.npz` and `NAME_20hz.npz` in `folder`, by NAME.

    The memory is `told` where all devices are worn, without it as their files say. Raises
    `RegistryError` where the weights cannot be used.
    """
    paths = [path for path in sorted(folder.glob("*.npz")) if path.stem.endswith(_LAYOUTS)]
    of_file = partial(_of_file, weights, split, told)
    if workers == 1:
        rows = [of_file(path) for path in paths]
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            rows = list(pool.map(of_file, paths))
    return {
        path.stem.rpartition("_")[0]: row
        for path, row in zip(paths, rows, strict=True)
        if row is not None
    }


def _of_file(weights: Path, split: Split | None, told: Place | None, path: Path) -> Figures | None:
    pin_one_thread()
    try:
        windows = read(path, split=split)
    except RecordingError as error:
        print(f"skipped: {error}")
        return None
    if not len(windows):
        return None
    lanhar = require_lanhar(Registry(weights))
    if told is not None:
        windows = replace(windows, positions=(told,) * len(windows))
    return {"position": _position(path), **figures(windows, ranked(lanhar, windows))}


def page(measured: Figures, command: str, weights: str, date: str) -> str:
    """Return the section of docs/LANHAR.md."""
    rows = [
        [
            row["position"],
            name,
            str(row["users"]),
            str(row["windows"]),
            str(len(row["labels"])),
            _shown(row["macro_f1"]),
            _shown(row["macro_f1_alone"]),
            _shown(row["macro_f1_without_upright"]),
            _shown(row["upright_known"]),
            _shown(row["level_macro_f1"]),
            _shown(row["calibration_error"]),
            _shown(row["confidently_wrong"]),
        ]
        for name, row in measured.items()
    ]
    head = [
        "position", "data set", "users", "windows", "labels", "macro-F1", "… window by window",
        "… without upright", "upright known", "walking, sitting, standing", "calibration error",
        "confidently wrong",
    ]  # fmt: skip
    by_label = [
        [name, label, str(one["windows"]), _shown(one["f1"]), _taken(one["taken_for"])]
        for name, row in measured.items()
        for label, one in row["labels"].items()
    ]
    return "\n\n".join(
        [
            HEADING,
            f"Written by `{command}` on {date}, of the shipped weights {weights}.",
            " ".join((__doc__ or "").split("\n\n", 1)[1].split()),
            table(head, rows),
            "Macro-F1 is over the labels that occur, of a ranking among all labels in force; the "
            "column of walking, sitting and standing is over the windows of those three, ranked "
            "among all labels too. Window by window is without what the windows before say. "
            f"Confidently wrong is a first label that is wrong at {SURE} or more.",
            table(["data set", "label", "windows", "F1", "taken for"], by_label),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.lanhar.evaluation.live", description=__doc__
    )
    parser.add_argument("--data", type=Path, help="folder of the recordings")
    parser.add_argument("--weights", type=Path, default=WEIGHTS_DIR, help="folder of the weights")
    parser.add_argument(
        "--validation", action="store_true", help="measure the users that a choice is made by"
    )
    parser.add_argument(
        "--told", choices=(*KNOWN_PLACES, "unknown"), help="where all devices are said to be worn"
    )
    parser.add_argument(
        "--workers", type=int, default=2, help="number of single-threaded processes"
    )
    parser.add_argument("--json", type=Path, help="output file of the figures")
    parser.add_argument("--page", type=Path, help="page that the figures are put at the top of")
    options = parser.parse_args(arguments)
    data = needed_recordings(parser, options)
    split: Split | None = "validation" if options.validation else None
    try:
        measured = measure(options.weights, data / IMU, split, options.workers, options.told)
        revision = Registry(options.weights).load(LANHAR_SENSOR).revision
    except RegistryError as error:
        print(error, file=sys.stderr)
        return 1
    for name, row in measured.items():
        print(
            f"{row['position']} ({name}), {row['users']} users: macro-F1 "
            f"{_shown(row['macro_f1'])}, window by window {_shown(row['macro_f1_alone'])}, "
            f"without upright {_shown(row['macro_f1_without_upright'])}; walking, sitting, "
            f"standing {_shown(row['level_macro_f1'])}; calibration error "
            f"{_shown(row['calibration_error'])}, confidently wrong "
            f"{_shown(row['confidently_wrong'])}",
        )
    if options.json is not None:
        options.json.write_text(json.dumps(measured, indent=2))
    if options.page is not None:
        command = f"python -m models.research.lanhar.evaluation.live --page {options.page}"
        date = datetime.now(UTC).date().isoformat()
        put_section(options.page, page(measured, command, revision, date), first=True)
    return 0


def _hit(found: Ranked) -> NDArray[np.bool_]:
    return np.array([one in right for one, right in zip(found.first, found.right, strict=True)])


def _true(predicted: Sequence[str], right: Sequence[Sequence[str]]) -> list[str]:
    return [one if one in of else of[0] for one, of in zip(predicted, right, strict=True)]


def _position(path: Path) -> str:
    with np.load(path) as file:
        words = np.unique(file["position"]) if "position" in file.files else ["unknown"]
    return ", ".join(map(str, words))


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _taken(names: dict[str, float]) -> str:
    return ", ".join(f"{name} {share:.2f}" for name, share in names.items())


if __name__ == "__main__":
    sys.exit(main())
