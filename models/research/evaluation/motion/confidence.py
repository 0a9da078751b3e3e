"""The confidence of remembered rankings, by position: `... evaluation.motion.confidence`.

Validation users of one data set for each position are followed through their windows as the stream
follows them, by LanHAR's ranking and by EgoLog's activities of motion alone. Of the confidences at
which few enough windows are wrong at 0.5 or more, the one whose probabilities say best how often
the likeliest is right belongs into `CONFIDENCE_AT` of `models.lanhar.label_memory` and of
`models.serving.activity_memory`. It makes nothing unknown and changes no order. No position has a
higher confidence than an unknown one. In a pocket LanHAR's readout is trained on validation users,
so its confidence there comes from `--check` of
`models.research.lanhar.training.position_readout`.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.labels import ACTIVITIES
from models.lanhar.label_memory import LabelMemory
from models.lanhar.upright import uprights
from models.recordings.datasets.labelled_windows import read, right_activities
from models.recordings.shared_data import IMU
from models.research.evaluation.motion.real_motion import motion_inputs
from models.research.lanhar.training.scores import SURE
from models.research.lib.error_lines import one_line_errors
from models.research.lib.metrics import calibration_error
from models.research.lib.recordings_folder import needed_recordings
from models.research.lib.tables import table
from models.research.lib.weights_folder import weights_folder
from models.serving import activity_memory
from models.serving.lanhar_loading import open_lanhar
from models.serving.one_thread import pin_one_thread
from models.serving.predict import ActivityRecognizer
from models.serving.registry import WEIGHTS_DIR, Registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from models.recordings.datasets.labelled_windows import LabelledWindows
    from models.serving.open_vocabulary import Lanhar

DATA_SETS = (
    "m202a_ear_50hz.npz",
    "classyglass_50hz.npz",
    "wisdm19_phone_20hz.npz",
    "wisdm19_watch_20hz.npz",
    "hapt_50hz.npz",
)
"""One of each position, which its file says."""
CONFIDENCES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 8.0, 12.0)
BOUND = 0.1
"""Most windows that may be wrong at `SURE` or more: the wearers' mean and its standard error."""


@dataclass(frozen=True)
class WindowShares:
    """Windows by themselves: `shares` (N, K) of the labels, and which of them are `right`.

    `judged` (N,) are those that have a right label, and are not unknown.
    """

    shares: NDArray[np.float64]
    right: NDArray[np.bool_]
    judged: NDArray[np.bool_]


@dataclass(frozen=True)
class Scores:
    """What a confidence comes to; `wrong` is the mean of the wearers and its standard error."""

    confidence: float
    calibration_error: float
    wrong: float


def rank_windows(lanhar: Lanhar, windows: LabelledWindows) -> WindowShares:
    """Return what LanHAR makes of each window among the labels in force."""
    names = lanhar.shipped.names
    shares = []
    for imu, position, upright in zip(
        windows.imu, windows.positions, uprights(windows.imu, windows.wearers), strict=True
    ):
        cosine = upright.cosine(imu)
        shares.append(lanhar.shares(lanhar.read(imu, cosine), position, cosine))
    right = np.array([[name in each for name in names] for each in windows.names], bool)
    return WindowShares(np.array(shares), right, np.array([each.any() for each in right]))


def recognise_windows(recognizer: ActivityRecognizer, windows: LabelledWindows) -> WindowShares:
    """Return what EgoLog makes of each window by motion alone."""
    estimates = recognizer.estimate(motion_inputs(windows))
    shares = [[each.activities[name] for name in ACTIVITIES] for each in estimates]
    names = right_activities(windows)
    right = np.array([[name in each for name in ACTIVITIES] for each in names], bool)
    return WindowShares(np.array(shares), right, ~np.array([each.unknown for each in estimates]))


def score_confidences(
    names: Sequence[str],
    windows: LabelledWindows,
    shown: WindowShares,
    confidences: Sequence[float],
) -> Iterator[Scores]:
    """Yield the scores of each confidence; windows that are not judged are never wrong."""
    memory = LabelMemory(names)
    latest: defaultdict[str, Sequence[float]] = defaultdict(tuple)
    memories = []
    for own, wearer, start_s, position in zip(
        shown.shares, windows.wearers, windows.starts_s, windows.positions, strict=True
    ):
        latest[wearer] = memory.after(latest[wearer], start_s, own, position)
        memories.append(latest[wearer])
    wearers = np.array(windows.wearers)
    for confidence in confidences:
        label_memory = LabelMemory(names, confidence, {})
        shares = np.array([label_memory.shares(each) for each in memories])
        sure, judged = shares.max(axis=1), shown.judged
        hit = shown.right[np.arange(len(shares)), shares.argmax(axis=1)]
        wrong = judged & (sure >= SURE) & ~hit
        of_each = np.array([wrong[wearers == one].mean() for one in np.unique(wearers)])
        error = of_each.std(ddof=1) / np.sqrt(len(of_each)) if len(of_each) > 1 else 0.0
        yield Scores(
            confidence,
            calibration_error(sure[judged], hit[judged]),
            float(of_each.mean() + error),
        )


def best(rows: Sequence[Scores]) -> Scores:
    """Return the best calibrated within `BOUND`, else the one with the fewest wrong."""
    within = [row for row in rows if row.wrong <= BOUND]
    if not within:
        return min(rows, key=lambda row: row.wrong)
    return min(within, key=lambda row: row.calibration_error)


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.evaluation.motion.confidence",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, help="folder of the recordings")
    parser.add_argument(
        "--weights", type=weights_folder, default=WEIGHTS_DIR, help="folder of the weights"
    )
    options = parser.parse_args(arguments)
    folder = needed_recordings(parser, options) / IMU
    pin_one_thread()
    registry = Registry(options.weights)
    lanhar, recognizer = open_lanhar(registry), ActivityRecognizer(registry)
    if lanhar is None:
        parser.error(f"no weights of LanHAR in {options.weights}")
    for name in DATA_SETS:
        if not (folder / name).is_file():
            continue
        windows = read(folder / name, split="validation")
        for system, names, shown, most in (
            ("LanHAR", lanhar.shipped.names, rank_windows(lanhar, windows), max(CONFIDENCES)),
            (
                "EgoLog",
                ACTIVITIES,
                recognise_windows(recognizer, windows),
                activity_memory.CONFIDENCE,
            ),
        ):
            tried = [confidence for confidence in CONFIDENCES if confidence <= most]
            rows = list(score_confidences(names, windows, shown, tried))
            print(f"\n{windows.positions[0]}, {system}: {best(rows).confidence}", flush=True)
            head = ["confidence", "calibration error", f"wrong at {SURE} or more"]
            print(table(head, [[f"{value:.3f}" for value in vars(row).values()] for row in rows]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
