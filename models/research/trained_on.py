"""The list of the recordings that the shipped weights were trained or chosen on.

    python -m models.research.trained_on [--data DIR] [--out FILE]

writes it from the recordings, as `models.recordings.splits` splits them. Run it when weights were
trained on another data set: evaluations leave out what it lists.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from models.recordings.datasets import esc50, spoken_digits, urbansound8k
from models.recordings.datasets.motion_files import MotionCuts, read_motion
from models.recordings.datasets.trained_motion import PLACE_OF, recording_starts
from models.recordings.formats.arrays import load
from models.recordings.formats.columns import texts
from models.recordings.protocol import RecordingError
from models.recordings.shared_data import CIPIC, ESC50, IMU, SPEECH, URBANSOUND8K
from models.recordings.splits import ear_split, in_split
from models.recordings.unseen import TRAINED_ON, split_elsewhere
from models.research.lib.error_lines import one_line_errors
from models.research.lib.recordings_folder import needed_recordings
from schemas.atomic_file import write_atomically
from schemas.output_path import output_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from models.recordings.splits import Split

MOTION_FILES = (*sorted(PLACE_OF), "uci_hapt_20hz.npz")
"""What networks and LanHAR are trained on; other files of motion only measure."""
_KNOWN: tuple[Split, ...] = ("train", "validation")


def trained_recordings(data: Path) -> dict[str, list[str]]:
    """Return the names of the recordings of training and validation in `data`, sorted, by kind.

    Kinds are those of `models.recordings.unseen.trained_on`. Raises `RecordingError` for a data set
    that is missing or damaged.
    """
    sounds = esc50.training_fold_clips(data / ESC50)
    motion = [list(_motion_starts(data / IMU / name)) for name in MOTION_FILES]
    names: dict[str, Iterable[str]] = {
        "sounds": sounds,
        "ears": _ears(data / CIPIC),
        "motion": (user for file in motion for user, _ in file),
        "speech": _speech(data / SPEECH),
        "street": _streets(data, sounds),
        "motion_starts": (start for file in motion for _, start in file),
    }
    return {kind: sorted(set(each)) for kind, each in names.items()}


def _ears(path: Path) -> list[str]:
    arrays = load(path, ("subject",))
    subjects = texts(path, arrays, "subject", arrays["subject"].size)
    return [name for number, name in enumerate(subjects) if ear_split(number) in _KNOWN]


def _motion_starts(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the user and the start of each recording; of a file of windows, of a user's first."""
    motion = read_motion(path)
    seen: set[str] = set()
    for user, start in recording_starts(motion):
        is_repeated = isinstance(motion, MotionCuts) and user in seen
        if not in_split(user, "test") and not is_repeated:
            seen.add(user)
            yield user, start


def _speech(folder: Path) -> list[str]:
    clips = [clip.stem for part in _KNOWN for clip in spoken_digits.clips(folder, part)]
    if not clips:
        raise RecordingError(f"folder {folder} has no clips; expected those of spoken digits")
    return clips


def _streets(data: Path, sounds: list[str]) -> list[str]:
    elsewhere = split_elsewhere(data, sounds)
    return [
        path.stem
        for part in _KNOWN
        for path, _ in urbansound8k.clips(data / URBANSOUND8K, part, elsewhere)
    ]


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.research.trained_on",
        description="Write which recordings the shipped weights were trained or chosen on.",
    )
    parser.add_argument("--data", type=Path, help="folder of recordings; the shared one if absent")
    parser.add_argument("--out", type=output_file, default=str(TRAINED_ON), help="file to write")
    options = parser.parse_args(arguments)
    names = trained_recordings(needed_recordings(parser, options))
    write_atomically(options.out, json.dumps(names, indent=0))
    print(", ".join(f"{len(each)} {kind}" for kind, each in names.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
