"""Where on the body a device is worn: from its sender, or else from its wearer's steps."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

from schemas.message import Probability

Position = Literal["ear", "glasses", "pocket", "wrist", "waist"]
POSITIONS: tuple[Position, ...] = get_args(Position)


def position_named(name: str) -> Position:
    """Return a name as a position; raises `ValueError` with one line for any other name."""
    for position in POSITIONS:
        if name == position:
            return position
    raise ValueError(f"position is {name!r}; expected one of {', '.join(POSITIONS)}")


EstimatedPosition = Literal["head", "pocket", "wrist", "waist", "unknown"]
"""The positions that motion can distinguish: an ear and a temple move alike."""

Place = Position | EstimatedPosition

KNOWN_PLACES: tuple[Place, ...] = ("head", *POSITIONS)
"""The positions of a search."""


class BodyPosition(BaseModel):
    """The position of a device, and its probability.

    `said` is true if it is from the device's sender, with probability 1; otherwise `at` is
    estimated from steps, with a lower probability, and is `unknown` if none is likely enough.
    Without evidence from steps, a device with two or more microphones is at `head` with
    probability 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    at: Place
    probability: Probability
    said: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The words for a search: an ear and glasses are also on the head."""
        return (self.at, "head") if self.at in ("ear", "glasses") else (self.at,)
