"""Canonical names of activities across data sets, and the label sets of the evaluation.

The data sets are those of LanHAR §4.1, the four activities of §4.1.2, the three categories of §4.5.
LanHAR's released code merges sitting and standing into "still", which is the second label set. The
third is for data sets whose stairs have no direction; the fourth has such stairs as a class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

LabelSet = Literal["four", "still", "level", "stairs"]
Classes = LabelSet | tuple[str, ...]
"""A label set's name, or activities that are each a class."""

CANONICAL: dict[str, str] = {
    # UCI HAR and HAPT: activity_labels.txt, and the words of the reshaped files.
    "walking_upstairs": "going upstairs",
    "walking_downstairs": "going downstairs",
    "laying": "lying",
    "stand_to_sit": "sitting down",
    "stand to sit": "sitting down",
    "sit_to_stand": "standing up",
    "sit to stand": "standing up",
    "sit_to_lie": "lying down",
    "sit to lie": "lying down",
    "stand_to_lie": "lying down",
    "stand to lie": "lying down",
    "lie_to_sit": "sitting up from lying",
    "lie to sit": "sitting up from lying",
    "lie_to_stand": "getting up from lying",
    "lie to stand": "getting up from lying",
    # HHAR: column gt.
    "stand": "standing",
    "sit": "sitting",
    "walk": "walking",
    "stairsup": "going upstairs",
    "stairsdown": "going downstairs",
    "bike": "cycling",
    # MotionSense: names of the trial folders.
    "dws": "going downstairs",
    "ups": "going upstairs",
    "wlk": "walking",
    "std": "standing",
    "jog": "running",
    # Shoaib: last column; "upsatirs" is how its files spell it.
    "jogging": "running",
    "biking": "cycling",
    "upstairs": "going upstairs",
    "upsatirs": "going upstairs",
    "downstairs": "going downstairs",
    # PAMAP2: the words of its description.
    "ascending stairs": "going upstairs",
    "descending stairs": "going downstairs",
    "computer work": "working at a computer",
    "car driving": "driving a car",
    "folding laundry": "folding clothes",
    "house cleaning": "cleaning a room",
    "rope jumping": "jumping rope",
    "nordic walking": "Nordic walking",
    "watching tv": "watching TV",
    # WISDM 2019: activity_key.txt, and the words of the reshaped files.
    "stairs": "taking the stairs",
    "stairs (undirected)": "taking the stairs",
    "typing": "typing on a keyboard",
    "teeth": "brushing teeth",
    "soup": "eating soup",
    "chips": "eating chips",
    "pasta": "eating pasta",
    "sandwich": "eating a sandwich",
    "kicking": "kicking a ball",
    "catch": "playing catch",
    "dribbling": "dribbling a basketball",
    "folding": "folding clothes",
    # ClassyGlass.
    "stairs (direction unclear)": "taking the stairs",
    "tug": "timed up and go",
    "don/doff glasses": "putting glasses on and off",
    "pick up items": "picking up items",
    "sitting fidgeting": "fidgeting while seated",
    "sitting moving chair": "fidgeting while seated",
    "sitting moving head/body": "fidgeting while seated",
    "stand up from sitting": "standing up",
    "sitting reading": "sitting",
    "sitting using computer": "sitting",
    "computer browsing": "sitting",
    "computer typing": "typing on a keyboard",
    "sitting writing": "writing",
}
"""A data set's own name, in lower case, to the name used everywhere here."""

LABEL_SETS: dict[LabelSet, dict[str, str]] = {
    "four": {
        "walking": "walking",
        "going upstairs": "going upstairs",
        "going downstairs": "going downstairs",
        "sitting": "sitting",
    },
    "still": {
        "walking": "walking",
        "going upstairs": "going upstairs",
        "going downstairs": "going downstairs",
        "sitting": "still",
        "standing": "still",
    },
    "level": {
        "walking": "walking",
        "running": "running",
        "sitting": "sitting",
        "standing": "standing",
    },
    "stairs": {
        "walking": "walking",
        "going upstairs": "taking the stairs",
        "going downstairs": "taking the stairs",
        "taking the stairs": "taking the stairs",
        "sitting": "still",
        "standing": "still",
    },
}
"""Activity to class by label set; other activities are new to a set."""

CATEGORIES: dict[str, tuple[str, ...]] = {
    "level locomotion": ("walking", "running", "cycling", "Nordic walking"),
    "stationary": ("sitting", "standing", "lying", "still"),
    "stairs": ("going upstairs", "going downstairs", "taking the stairs"),
}
"""The three categories of §4.5; running stands for its jogging, cycling for its biking."""
_STILL = "stationary"

_BY_LOWER = {name.lower(): name for name in CANONICAL.values()}
_CATEGORY_OF = {name: category for category, names in CATEGORIES.items() for name in names}


def canonical(label: str) -> str:
    """Return the canonical name of a data set's label; an unlisted name is unchanged."""
    name = " ".join(label.split())
    low = name.lower()
    return CANONICAL.get(low) or _BY_LOWER.get(low, name)


def canonicals(labels: Iterable[str]) -> NDArray[np.str_]:
    """Return `canonical` of each label, (N,)."""
    own = list(labels)
    known = {label: canonical(label) for label in set(own)}
    return np.array([known[label] for label in own], dtype=np.str_)


def classes(label_set: Classes) -> tuple[str, ...]:
    """Return a set's classes in order; raises `ValueError` with the known sets."""
    return tuple(dict.fromkeys(_set(label_set).values()))


def in_set(
    labels: Sequence[str] | NDArray[np.str_], label_set: Classes
) -> tuple[NDArray[np.bool_], NDArray[np.str_]]:
    """Return which of (N,) canonical labels belong to a set, and the classes of those (M,)."""
    table = _set(label_set)
    own = [str(label) for label in labels]
    inside = np.array([label in table for label in own], dtype=bool)
    return inside, np.array([table[label] for label in own if label in table], dtype=np.str_)


def category(label: str) -> str | None:
    """Return the category (§4.5) of a canonical label or class, or None."""
    return _CATEGORY_OF.get(label)


def still(names: Sequence[str]) -> tuple[int, ...]:
    """Return the indices in `names` of the classes with a still body."""
    return tuple(place for place, name in enumerate(names) if category(name) == _STILL)


def _set(label_set: str | tuple[str, ...]) -> dict[str, str]:
    if isinstance(label_set, tuple):
        return {name: name for name in label_set}
    for name, table in LABEL_SETS.items():
        if name == label_set:
            return table
    raise ValueError(f"label set {label_set!r} is unknown; expected one of {', '.join(LABEL_SETS)}")
