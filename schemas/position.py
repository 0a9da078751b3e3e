"""Where on the body a device is worn: as its sender says, or else as its wearer's steps show."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

from schemas.message import Probability

Position = Literal["ear", "glasses", "pocket", "wrist", "waist"]
POSITIONS: tuple[Position, ...] = get_args(Position)


def position_named(name: str) -> Position:
    """Return the position of a name; raises `ValueError` with one line for any other."""
    for position in POSITIONS:
        if name == position:
            return position
    raise ValueError(f"position is {name!r}; expected one of {', '.join(POSITIONS)}")


EstimatedPosition = Literal["head", "pocket", "wrist", "waist", "unknown"]
"""What motion alone tells: an ear and a temple move alike."""

Place = Position | EstimatedPosition

KNOWN_PLACES: tuple[Place, ...] = ("head", *POSITIONS)
"""What a device is searched by."""


class BodyPosition(BaseModel):
    """Where a device was worn, and how likely that is.

    `said` is true if the device's sender said so, with probability 1; otherwise `at` is estimated
    from steps, less than certainly, and is `unknown` where nothing is likely enough. Where steps
    show nothing and two or more microphones heard the window, it is `head` with probability 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    at: Place
    probability: Probability
    said: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The words that a search finds it by: an ear and glasses are also on the head."""
        return (self.at, "head") if self.at in ("ear", "glasses") else (self.at,)
