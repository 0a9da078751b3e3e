"""Who trains, who validates, who tests: users, clips, speakers and ears apart."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from models.recordings.datasets import esc50
from models.recordings.shared_data import CIPIC, ESC50, IMU, SPEECH, URBANSOUND8K

if TYPE_CHECKING:
    from collections.abc import Mapping

TRAINED_ON = Path(str(files("models") / "weights" / "trained_on.json"))

Split = Literal["train", "validation", "test"]


def in_split(user: str, split: Split | None) -> bool:
    """Say whether a user belongs to `split`: every fifth tests, the one after validates.

    `split` None takes everybody, which is what a folder of unseen users is measured with.
    """
    if split is None:
        return True
    number = int("".join(c for c in user[-3:] if c.isdigit())) % 5
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
"""Who trains and who validates of those who speak; anybody else is unseen."""


def speaker_split(speaker: str) -> Split:
    """Return the part that a speaker belongs to."""
    return SPLIT_OF_SPEAKER.get(speaker, "test")


def freesound_split(recording: int, elsewhere: Mapping[int, Split]) -> Split:
    """Return the part of UrbanSound8K that a recording of freesound.org belongs to, by its id.

    Two fifths of them test, a tenth validates. A recording that is in another data set too
    belongs to the part where it is there: `elsewhere`, see `split_elsewhere`.
    """
    if recording in elsewhere:
        return elsewhere[recording]
    if recording % 5 in (0, 1):
        return "test"
    return "validation" if recording % 10 == 2 else "train"


def split_elsewhere(data: Path) -> dict[int, Split]:
    """Return the part of each recording of freesound.org that ESC-50 is cut from.

    What the shipped weights were trained on is never of the test part, whether or not the folder
    `data` has it.
    """
    trained = {int(name.split("-")[1]) for name in trained_on()["sounds"]}
    parts: dict[int, Split] = dict.fromkeys(trained, "train")
    return parts | {
        recording: part
        for recording, part in esc50.split_of_source(data / ESC50).items()
        if part != "test" or recording not in trained
    }


@dataclass(frozen=True)
class Splits:
    """Which part of each kind of recording may be measured on; None is all of it."""

    sounds: Split | None
    ears: Split | None
    motion: Split | None
    speech: Split | None
    street: Split | None

    @classmethod
    def of(cls, split: Splits | Split | None) -> Splits:
        """Return the same part of every kind, unless the kinds are told apart already."""
        return split if isinstance(split, Splits) else cls(split, split, split, split, split)


def trained_on() -> dict[str, list[str]]:
    """Return the clips, subjects and users that the shipped weights were trained or chosen on."""
    names_by_kind: dict[str, list[str]] = json.loads(TRAINED_ON.read_text())
    return names_by_kind


def unseen(data: Path) -> Splits:
    """Say what of the folder `data` the shipped weights have not seen.

    Where none of the recordings they were trained or chosen on is in it, that is all of it;
    otherwise the test part. Of a kind that the list does not speak of it is the test part too, so
    that it is measured on the same recordings before and after it is trained on.
    """
    known = {kind: set(names) for kind, names in trained_on().items()}

    def part(kind: str, names: set[str]) -> Split | None:
        return "test" if names & known.get(kind, names) else None

    return Splits(
        sounds=part("sounds", _clips(data)),
        ears=part("ears", _named(data / CIPIC, "subject")),
        motion=part(
            "motion",
            _named(data / IMU / "classyglass_windows.npz", "user")
            | _named(data / IMU / "hapt_50hz.npz", "recording_user"),
        ),
        speech=part("speech", _files(data / SPEECH)),
        street=part("street", _files(data / URBANSOUND8K)),
    )


def _clips(data: Path) -> set[str]:
    table = data / ESC50 / "esc50.csv"
    if not table.is_file():
        return set()
    with table.open(newline="") as rows:
        return {row["filename"].rsplit(".", 1)[0] for row in csv.DictReader(rows)}


def _files(folder: Path) -> set[str]:
    return {path.stem for path in folder.iterdir()} if folder.is_dir() else set()


def _named(path: Path, key: str) -> set[str]:
    if not path.is_file():
        return set()
    with np.load(path) as file:
        return set(map(str, np.unique(file[key])))
