"""Where a sound event of a half minute is (EgoLog §4.4.1)."""

from __future__ import annotations

from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from schemas.evidence import Direction
from schemas.message import Probabilities, Probability

Distance = Literal["near", "far", "unknown"]


class SoundPlace(BaseModel):
    """The place of one sound event, from the localized seconds in which it is present.

    `distance` is None without such seconds, and `unknown` if `near`, the probability that the event
    is near, is too close to 0.5. `direction` is the likeliest one relative to the head, with its
    probability, None if that is not above 0.5. `apart`: near and far sound were separated and
    recognised individually.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    distance: Distance | None = None
    near: Probability | None = None
    direction: Direction | None = None
    direction_probability: Probability | None = None
    apart: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """The place in words, such as `("near", "left")`; empty if unknown."""
        distance = self.distance if self.distance in ("near", "far") else None
        return tuple(word for word in (distance, self.direction) if word is not None)


class NearAndFarSounds(NamedTuple):
    """The probabilities of sounds in the near part of a segment, and in the remainder."""

    near: Probabilities
    far: Probabilities
