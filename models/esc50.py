"""ESC-50 as sound events: which category is which of ours, and the clips by fold."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile
from numpy.typing import NDArray

from models.features import Features
from models.labels import ACTIVITIES, SOUND_EVENTS

Split = Literal["train", "validation", "test"]

TRAIN_FOLDS = (1, 2, 3)
TEST_FOLDS = (5,)
# Of the training folds, every eighth source recording validates; a fold would cost a third.
VALIDATION_EVERY = 8

# Below this margin the data set's card doubts which original clip, and so which fold, a row is.
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


@dataclass(frozen=True)
class Sounds:
    """Real clips: `mel` (N, 250, 64) float16, `event` (N,) index, `activity` (N,) index or -1."""

    mel: NDArray[np.float16]
    event: NDArray[np.int64]
    activity: NDArray[np.int64]


def files(folder: Path, split: Split) -> list[tuple[Path, str]]:
    """Return (path, category) of the clips of `split` whose category is one of ours."""
    with (folder / "esc50.csv").open(newline="") as table:
        rows = [row for row in csv.DictReader(table) if _in_split(row, split)]
    return [(folder / row["filename"], row["category"]) for row in rows]


def read(folder: Path, split: Split, features: Features) -> Sounds:
    """Read the clips of `split` as features of whole seconds."""
    mels, events, activities = [], [], []
    for path, category in files(folder, split):
        samples, rate = soundfile.read(path, dtype="float32")
        mels.append(_mel(samples, rate, features))
        events.append(SOUND_EVENTS.index(EVENT_OF_CATEGORY[category]))
        activity = ACTIVITY_OF_CATEGORY.get(category)
        activities.append(-1 if activity is None else ACTIVITIES.index(activity))
    return Sounds(np.stack(mels), np.array(events), np.array(activities))


def _in_split(row: dict[str, str], split: Split) -> bool:
    if row["category"] not in EVENT_OF_CATEGORY or float(row["id_margin"]) < MIN_ID_MARGIN:
        return False
    if split == "test":
        return int(row["fold"]) in TEST_FOLDS
    validates = int(row["src_file"]) % VALIDATION_EVERY == 0
    return int(row["fold"]) in TRAIN_FOLDS and validates == (split == "validation")


def _mel(samples: NDArray[np.float32], rate: int, features: Features) -> NDArray[np.float16]:
    """(n,) -> (50·seconds, 64), computed slice by slice as the windower does."""
    seconds = len(samples) // rate
    present = np.ones(rate, dtype=bool)
    slices = samples[: seconds * rate].reshape(seconds, 1, rate)
    return np.concatenate([features.audio(part, rate, present)["mel"] for part in slices])
