"""Where a device is worn, from the words of makers and data sets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.position import Position

_WORDS: tuple[tuple[frozenset[str], Position], ...] = (
    (frozenset(("wrist",)), "wrist"),
    (frozenset(("waist", "hip", "belt", "lumbar", "pelvis", "sacrum")), "waist"),
    (frozenset(("pocket",)), "pocket"),
    (frozenset(("ear", "earbud", "earphone")), "ear"),
    (frozenset(("glasses",)), "glasses"),
)


def position_in_words(text: str) -> Position | None:
    """Return the position in `left wrist`, `RightWrist` or `left_hip`; None for another place."""
    words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", text)}
    return next((position for known, position in _WORDS if known & words), None)
