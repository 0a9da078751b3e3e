"""Who trains, who validates, who tests: users apart."""

from __future__ import annotations

from typing import Literal

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
