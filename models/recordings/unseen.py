"""What the shipped weights were trained on, and which splits they have not seen."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from models.recordings.datasets import esc50
from models.recordings.formats.arrays import load
from models.recordings.formats.columns import texts
from models.recordings.protocol import RecordingError
from models.recordings.shared_data import CIPIC, ESC50, IMU, SPEECH, URBANSOUND8K
from models.recordings.splits import Splits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.recordings.splits import Split

TRAINED_ON = Path(str(files("models") / "weights" / "trained_on.json"))


def split_elsewhere(data: Path, sounds: Iterable[str] | None = None) -> dict[int, Split]:
    """Return the split of each freesound.org recording that ESC-50 uses.

    Recordings of `sounds`, the clips that weights were trained on (None: the shipped ones), are
    never in the test split, whether or not the folder `data` contains them.
    """
    known = trained_on()["sounds"] if sounds is None else sounds
    trained = {int(name.split("-")[1]) for name in known}
    parts: dict[int, Split] = dict.fromkeys(trained, "train")
    return parts | {
        recording: part
        for recording, part in esc50.split_of_source(data / ESC50).items()
        if part != "test" or recording not in trained
    }


def trained_on() -> dict[str, list[str]]:
    """Return the clips, subjects and users of the shipped weights' training and validation.

    `models.research.trained_on` writes them.
    """
    names_by_kind: dict[str, list[str]] = json.loads(TRAINED_ON.read_text())
    return names_by_kind


def unseen(data: Path) -> Splits:
    """Return the splits of the folder `data` that the shipped weights have not seen.

    That is everything if none of their training and validation recordings are in it, else the test
    split. For kinds not listed it is the test split as well, so that evaluations before and after
    training on them use the same recordings.
    """
    known = {kind: set(names) for kind, names in trained_on().items()}

    def part(kind: str, names: set[str]) -> Split | None:
        return "test" if names & known.get(kind, names) else None

    return Splits(
        sounds=part("sounds", _clips(data)),
        ears=part("ears", _names_in(data / CIPIC, "subject")),
        motion=part(
            "motion",
            _names_in(data / IMU / "classyglass_windows.npz", "user")
            | _names_in(data / IMU / "hapt_50hz.npz", "recording_user"),
        ),
        speech=part("speech", _files(data / SPEECH)),
        street=part("street", _files(data / URBANSOUND8K)),
    )


def _clips(data: Path) -> set[str]:
    try:
        return {Path(name).stem for name in esc50.filenames(data / ESC50)}
    except RecordingError:
        # Whoever reads the clips reports it.
        return set()


def _files(folder: Path) -> set[str]:
    return {path.stem for path in folder.iterdir()} if folder.is_dir() else set()


def _names_in(path: Path, key: str) -> set[str]:
    if not path.is_file():
        return set()
    try:
        arrays = load(path, (key,))
        return set(texts(path, arrays, key, arrays[key].size))
    except RecordingError:
        return set()
