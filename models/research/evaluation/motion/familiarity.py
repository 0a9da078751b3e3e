"""Evaluate familiarity on real motion: `python -m models.research.evaluation.motion.familiarity`.

Continuous recordings of unseen users are cut into windows of thirty seconds, whose familiarity is
computed by the shipped networks as in a scenario record. The alert `EgoLogUnfamiliar` compares the
share of unfamiliar windows with its threshold: it should fire only for sensors worn at positions
that the networks were not trained on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from tqdm import tqdm

from models.egolog.out_of_distribution import FAMILIAR
from models.network.windows import SCENARIO_WINDOW_S
from models.recordings.datasets.motion_files import read_recordings
from models.recordings.datasets.trained_motion import unseen_split
from models.recordings.protocol import RecordingError
from models.recordings.shared_data import IMU
from models.recordings.splits import in_split
from models.research.evaluation.options import measured_data
from models.research.lib.error_lines import one_line_errors
from models.research.lib.recordings_folder import needed_recordings
from models.research.lib.tables import table
from models.serving.one_thread import pin_one_thread
from models.serving.predict import FRAME_RATE, ScenarioInput, ScenarioRecognizer
from models.serving.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from models.recordings.datasets.motion_files import MotionRecordings

_ROWS = FRAME_RATE * SCENARIO_WINDOW_S


class Familiarities(NamedTuple):
    """A file's body positions, and the user and familiarity of each of its N windows."""

    positions: str
    wearers: list[str]
    familiarity: NDArray[np.float64]


def measure(recognizer: ScenarioRecognizer, folder: Path) -> dict[str, Familiarities]:
    """Return the familiarities of every `NAME_50hz.npz` in `folder`, by NAME."""
    figures = {}
    for path in sorted(folder.glob("*_50hz.npz")):
        try:
            motion = read_recordings(path)
        except RecordingError as error:
            print(f"skipped: {error}")
            continue
        windows = [*_windows(motion)]
        positions = ", ".join(sorted(set(motion.positions)))
        values = [
            _familiarity(recognizer, imu)
            for _, imu in tqdm(windows, desc=path.stem, mininterval=5, disable=None)
        ]
        if windows:
            figures[path.stem.removesuffix("_50hz")] = Familiarities(
                positions, [wearer for wearer, _ in windows], np.array(values)
            )
        else:
            print(f"skipped: {path.name} has no half minute of an unseen user's motion")
    return figures


def _windows(motion: MotionRecordings) -> Iterator[tuple[str, NDArray[np.float32]]]:
    split = unseen_split(motion)
    for user, start, stop in zip(motion.users, motion.firsts, motion.lasts, strict=True):
        if in_split(user, split):
            for begin in range(start, stop - _ROWS + 1, _ROWS):
                rows = (motion.signal[begin : begin + _ROWS] / motion.scale).astype(np.float32)
                if np.isfinite(rows).all():
                    yield user, rows


def _familiarity(recognizer: ScenarioRecognizer, imu: NDArray[np.float32]) -> float:
    has_motion = np.ones(SCENARIO_WINDOW_S, bool)
    item = ScenarioInput(mel=None, imu=imu, audio_mask=~has_motion, imu_mask=has_motion)
    return recognizer.predict([item])[0].familiarity["imu"]


def row(name: str, measured: Familiarities) -> list[str]:
    """Return a file's row: its windows, its median, and the share below `FAMILIAR`."""
    below = measured.familiarity < FAMILIAR
    of_each = [
        below[np.array(measured.wearers) == wearer].mean() for wearer in sorted({*measured.wearers})
    ]
    shares = (np.median(measured.familiarity), below.mean(), np.median(of_each), max(of_each))
    return [
        f"{name} ({measured.positions})",
        str(len(of_each)),
        str(len(below)),
        *(f"{share:.2f}" for share in shares),
    ]


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.evaluation.motion.familiarity",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, help="folder of recordings (default: the shared ones)")
    options = parser.parse_args(arguments, argparse.Namespace(seed=0))
    data = measured_data(parser, options) or needed_recordings(parser, options)
    pin_one_thread()
    figures = measure(ScenarioRecognizer(Registry()), data / IMU)
    head = [
        "recording", "users", "windows", "familiarity", "unfamiliar", "median user", "worst user",
    ]  # fmt: skip
    print(table(head, [row(name, each) for name, each in figures.items()]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
