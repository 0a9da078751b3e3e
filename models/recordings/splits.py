"""Who trains, who validates, who tests: users, clips and ears apart."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

import numpy as np

from models.recordings.shared_data import CIPIC, ESC50, IMU

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


@dataclass(frozen=True)
class Splits:
    """Which part of each kind of recording may be measured on; None is all of it."""

    sounds: Split | None
    ears: Split | None
    motion: Split | None

    @classmethod
    def of(cls, split: Splits | Split | None) -> Splits:
        """Return the same part of every kind, unless the kinds are told apart already."""
        return split if isinstance(split, Splits) else cls(split, split, split)


def trained_on() -> dict[str, list[str]]:
    """Return the clips, subjects and users that the shipped weights were trained or chosen on."""
    names_by_kind: dict[str, list[str]] = json.loads(TRAINED_ON.read_text())
    return names_by_kind


def unseen(data: Path) -> Splits:
    """Say what of the folder `data` the shipped weights have not seen.

    Where none of the recordings they were trained or chosen on is in it, that is all of it;
    otherwise the test part.
    """
    known = {kind: set(names) for kind, names in trained_on().items()}

    def part(kind: str, names: set[str]) -> Split | None:
        return "test" if names & known[kind] else None

    return Splits(
        sounds=part("sounds", _clips(data)),
        ears=part("ears", _named(data / CIPIC, "subject")),
        motion=part(
            "motion",
            _named(data / IMU / "classyglass_windows.npz", "user")
            | _named(data / IMU / "hapt_50hz.npz", "recording_user"),
        ),
    )


def _clips(data: Path) -> set[str]:
    table = data / ESC50 / "esc50.csv"
    if not table.is_file():
        return set()
    with table.open(newline="") as rows:
        return {row["filename"].rsplit(".", 1)[0] for row in csv.DictReader(rows)}


def _named(path: Path, key: str) -> set[str]:
    if not path.is_file():
        return set()
    with np.load(path) as file:
        return set(map(str, np.unique(file[key])))
