"""AudioSet's 527 classes folded to about fifty parents (EgoLog §4.4.1).

The classes are so fine that similar ones share one sound's probability, which makes a prompt hard
to interpret. Parents are computed from AudioSet's ontology by `python -m
models.research.egolog.audio.audioset_parents` and stored in `audioset_parents.json`.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

RESOURCE = "audioset_parents.json"

PARENT_OF_CLASS: dict[str, str | None] = json.loads(
    (files("models.egolog.audio_tagger") / RESOURCE).read_text(encoding="utf-8")
)
"""Every class by AudioSet's name, in the order of its indices, with its parent.

None for classes that are not sound events (silence, rooms, noise, effects), and for classes such as
"Vehicle" that lie above several parents.
"""

PARENTS: tuple[str, ...] = tuple(dict.fromkeys(p for p in PARENT_OF_CLASS.values() if p))
"""The parents' names, in the order of their first class."""

_ROWS = [
    [at for at, parent in enumerate(PARENT_OF_CLASS.values()) if parent == name] for name in PARENTS
]


def fold(probabilities: Tensor) -> Tensor:
    """(..., 527) of classes -> (..., P) of `PARENTS`: a parent is as likely as its likeliest class.

    Classes are not exclusive and most are rare, so a sum would favour parents of many classes.
    """
    return torch.stack([probabilities[..., rows].amax(-1) for rows in _ROWS], dim=-1)
