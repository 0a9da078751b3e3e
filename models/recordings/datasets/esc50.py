"""ESC-50: mapping its categories to our sound events, and its clips by split."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile
from scipy import signal

from models.labels import CATEGORIES, SOUND_EVENTS
from models.recordings.formats.tables import read_rows
from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.features import Features
    from models.recordings.splits import Split

TRAIN_FOLDS = (1, 2, 3)
TEST_FOLDS = (5,)
# Every eighth source recording of the training folds validates; a whole fold would cost a third.
VALIDATION_EVERY = 8

# Below this margin it is uncertain which original clip, and so which fold, a row is.
MIN_ID_MARGIN = 0.3

EVENT_OF_CATEGORY: dict[str, str] = {
    "airplane": "aircraft",
    "brushing_teeth": "brushing teeth",
    "can_opening": "can opening",
    "car_horn": "car horn",
    "cat": "cat",
    "chainsaw": "power tools",
    "chirping_birds": "birds",
    "church_bells": "bells",
    "clapping": "clapping",
    "clock_alarm": "alarm",
    "clock_tick": "clock",
    "coughing": "cough",
    "cow": "farm animals",
    "crackling_fire": "fire",
    "crickets": "insects",
    "crow": "birds",
    "crying_baby": "baby cry",
    "dog": "dog",
    "door_wood_creaks": "door creak",
    "door_wood_knock": "door knock",
    "drinking_sipping": "drinking",
    "engine": "engine",
    "fireworks": "fireworks",
    "footsteps": "footsteps",
    "glass_breaking": "glass",
    "hand_saw": "hand tools",
    "helicopter": "aircraft",
    "hen": "farm animals",
    "insects": "insects",
    "keyboard_typing": "typing",
    "laughing": "laughter",
    "mouse_click": "mouse click",
    "pig": "farm animals",
    "pouring_water": "pouring water",
    "rain": "rain",
    "rooster": "farm animals",
    "sea_waves": "sea waves",
    "sheep": "farm animals",
    "siren": "siren",
    "snoring": "snoring",
    "thunderstorm": "thunder",
    "toilet_flush": "toilet flush",
    "train": "train",
    "vacuum_cleaner": "vacuum cleaner",
    "washing_machine": "washing machine",
    "wind": "wind",
}
"""Categories without a parent of ours (breathing, frog, sneezing, water drops) are left out."""

ACTIVITY_OF_CATEGORY: dict[str, str] = {
    "brushing_teeth": "brushing teeth",
    "clapping": "clapping",
    "drinking_sipping": "drinking",
    "keyboard_typing": "typing on a keyboard",
    "vacuum_cleaner": "cleaning a room",
}


SUFFIXES = (".flac", ".ogg", ".wav")
TABLE = "esc50.csv"


class Esc50Error(RecordingError):
    """A folder of clips lacks its table, a column or a clip, or holds an unknown category."""


@dataclass(frozen=True)
class Clip:
    """One recording of 5 s: its file and the index of its category in `CATEGORIES`."""

    path: Path
    category: int

    @property
    def event(self) -> int:
        """Index of the clip's sound event in `SOUND_EVENTS`, or -1 where ours have none."""
        event = EVENT_OF_CATEGORY.get(CATEGORIES[self.category])
        return -1 if event is None else SOUND_EVENTS.index(event)


def clips(folder: Path, split: Split | None = None) -> list[Clip]:
    """Return the clips of `split`, of all 50 categories; None is every clip of the table.

    The table may name another suffix than the file has: .flac, .ogg and .wav are tried. Raises
    `Esc50Error` where the table, a column, a category or a clip is missing.
    """
    return [
        Clip(needed(folder, row["filename"], Esc50Error), CATEGORIES.index(row["category"]))
        for row in _rows(folder)
        if split is None or _in_split(row, split)
    ]


def training_fold_clips(folder: Path) -> list[str]:
    """Return the names of the clips of the training folds, also of those in no split.

    A clip whose source is uncertain may be a copy of one that trains. Raises `Esc50Error`.
    """
    return [
        Path(row["filename"]).stem for row in _rows(folder) if _number(row, "fold") in TRAIN_FOLDS
    ]


def filenames(folder: Path) -> list[str]:
    """Return the clips' names in the table of `folder`, [] without one; raises `Esc50Error`."""
    return [row["filename"] for row in _rows(folder)] if (folder / TABLE).is_file() else []


def waveform(clip: Clip, rate: int = 16_000) -> NDArray[np.float32]:
    """Read a clip as (n,) mono samples at `rate`, the mean of its channels."""
    return read_mono(clip.path, rate)


def read_mono(path: Path, rate: int = 16_000) -> NDArray[np.float32]:
    """Read a file as (n,) mono samples at `rate`, the mean of its channels.

    Raises `RecordingError` if it is no sound file, is empty, or holds values that are not finite.
    """
    try:
        samples, own = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise RecordingError(f"clip {path} cannot be read: {error}") from error
    if not len(samples) or not np.isfinite(samples).all():
        what = "has values that are not finite" if len(samples) else "is empty"
        raise RecordingError(f"clip {path} {what}; expected sound")
    mono: NDArray[np.float32] = samples.mean(axis=1)
    if own == rate:
        return mono
    shared = gcd(own, rate)
    out: NDArray[np.float32] = signal.resample_poly(mono, rate // shared, own // shared)
    return out.astype(np.float32)


def log_mel(samples: NDArray[np.float32], rate: int, features: Features) -> NDArray[np.float16]:
    """(n,) -> (50·seconds, 64), computed slice by slice as the windower does.

    A remainder is dropped; sound shorter than a second is padded to one.
    """
    samples = np.pad(samples, (0, max(0, rate - len(samples))))
    seconds = len(samples) // rate
    present = np.ones(rate, dtype=bool)
    slices = samples[: seconds * rate].reshape(seconds, 1, rate)
    return np.concatenate([features.audio(part, rate, present)["mel"] for part in slices])


def files(folder: Path, split: Split | None) -> list[tuple[Path, str]]:
    """Return (path, category) of the clips of `split` whose category is one of our events."""
    return [
        (clip.path, CATEGORIES[clip.category]) for clip in clips(folder, split) if clip.event >= 0
    ]


def split_of_source(folder: Path) -> dict[int, Split]:
    """Return the split of each freesound.org recording with clips here; {} without a table.

    Recordings whose clips are in no split, and uncertain ones, are left out.
    """
    if not (folder / TABLE).is_file():
        return {}
    parts: tuple[Split, ...] = ("train", "validation", "test")
    return {
        int(row["src_file"]): part
        for row in _rows(folder)
        for part in parts
        if row["src_file"].isdecimal() and _in_split(row, part)
    }


def _rows(folder: Path) -> list[dict[str, str]]:
    path = folder / TABLE
    if not path.is_file():
        raise Esc50Error(
            f"table {path} does not exist; expected ESC-50's esc50.csv beside its clips"
        )
    rows = read_rows(path)
    wanted = {"filename", "fold", "category", "src_file"}
    if not rows or not wanted <= rows[0].keys():
        columns = ", ".join(rows[0]) if rows else "no rows"
        raise Esc50Error(f"table {path} has {columns}; expected {', '.join(sorted(wanted))}")
    for row in rows:
        if row["category"] not in CATEGORIES:
            raise Esc50Error(
                f"table {path} has category {row['category']!r}; expected one of ESC-50's 50"
            )
    return rows


def existing(folder: Path, name: str) -> Path | None:
    """Return the file of a clip by its name in a table, with another suffix if need be, or None."""
    given = folder / name
    paths = (given, *(given.with_suffix(suffix) for suffix in SUFFIXES))
    return next((path for path in paths if path.is_file()), None)


def needed(folder: Path, name: str, error: type[RecordingError]) -> Path:
    """Return the file of a clip as `existing` does; raises `error` if there is none."""
    path = existing(folder, name)
    if path is None:
        raise error(
            f"clip {folder / name} does not exist; expected it as one of {', '.join(SUFFIXES)}"
        )
    return path


def _in_split(row: dict[str, str], split: Split) -> bool:
    # A table without margins is the original data set's, whose folds are exact.
    if _number(row, "id_margin", MIN_ID_MARGIN) < MIN_ID_MARGIN:
        return False
    fold = _number(row, "fold")
    if split == "test":
        return fold in TEST_FOLDS
    validates = _number(row, "src_file") % VALIDATION_EVERY == 0
    return fold in TRAIN_FOLDS and validates == (split == "validation")


def _number(row: dict[str, str], column: str, missing: float | None = None) -> float:
    text = row.get(column) or ""
    if not text and missing is not None:
        return missing
    try:
        return float(text)
    except ValueError:
        raise Esc50Error(
            f"clip {row['filename']} has {column} {text!r}; expected a number"
        ) from None
