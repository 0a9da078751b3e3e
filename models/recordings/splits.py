"""Splits into training, validation and test, by user, clip, speaker and ear."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


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
