"""The activity of a window: a posture change that fills two fifths of it, else the longest."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Posture changes are shorter than most windows.
POSTURE_CHANGES = ("standing up", "sitting down")
MIN_CHANGE_SHARE = 0.4


def activities_of_window(shares: Mapping[str, float]) -> list[str]:
    """Return the activity of a window from the share of it that each fills, several if equal."""
    changes = [name for name in POSTURE_CHANGES if shares.get(name, 0.0) >= MIN_CHANGE_SHARE]
    longest = max(shares.values(), default=0.0)
    return changes or [name for name, share in shares.items() if share == longest]
