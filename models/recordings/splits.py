"""Splits into training, validation and test, by user, clip, speaker and ear."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from models.recordings.datasets import esc50
from models.recordings.formats.arrays import load
from models.recordings.formats.columns import texts
from models.recordings.protocol import RecordingError
from models.recordings.shared_data import CIPIC, ESC50, IMU, SPEECH, URBANSOUND8K

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TRAINED_ON = Path(str(files("models") / "weights" / "trained_on.json"))

Split = Literal["train", "validation", "test"]


def in_split(user: str, split: Split | None) -> bool:
    """Return whether a user belongs to `split`: every fifth tests, the one after validates.

    `split` None selects everybody, for folders of unseen users. A user is numbered by the digits at
    the end of the name, or by the name's checksum where there are none.
    """
    if split is None:
        return True
    digits = "".join(c for c in user[-3:] if c.isdecimal())
    number = (int(digits) if digits else zlib.crc32(user.encode())) % 5
    wanted: dict[Split, bool] = {
        "test": number == 0,
        "validation": number == 1,
        "train": number > 1,
    }
    return wanted[split]


SPLIT_OF_SPEAKER: dict[str, Split] = {
    "george": "train",
    "jackson": "train",
    "lucas": "validation",
}
"""Speakers of the training and validation splits; all others test."""


def speaker_split(speaker: str) -> Split:
    """Return a speaker's split."""
    return SPLIT_OF_SPEAKER.get(speaker, "test")


def freesound_split(recording: int, elsewhere: Mapping[int, Split]) -> Split:
    """Return the split of a freesound.org recording in UrbanSound8K, by its id.

    Two fifths test, a tenth validates. A recording that is also in another data set has its split
    there: `elsewhere`, see `split_elsewhere`.
    """
    if recording in elsewhere:
        return elsewhere[recording]
    if recording % 5 in (0, 1):
        return "test"
    return "validation" if recording % 10 == 2 else "train"


def ear_split(number: int) -> Split:
    """Return the split of CIPIC's subject `number`, from 0 in the file's order."""
    place: dict[int, Split] = {0: "test", 1: "validation"}
    return place.get(number % 6, "train")


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


@dataclass(frozen=True)
class Splits:
    """The split of each kind of recording to evaluate on; None is everything."""

    sounds: Split | None
    ears: Split | None
    motion: Split | None
    speech: Split | None
    street: Split | None

    @classmethod
    def of(cls, split: Splits | Split | None) -> Splits:
        """Return the same split for every kind, or `split` itself if it already is by kind."""
        return split if isinstance(split, Splits) else cls(split, split, split, split, split)


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
