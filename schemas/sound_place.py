"""Where a sound event of a half minute is (EgoLog §4.4.1)."""

from __future__ import annotations

from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from schemas.evidence import Direction
from schemas.message import Probabilities, Probability

Distance = Literal["near", "far", "unknown"]


class SoundPlace(BaseModel):
    """Where one sound event is, by what was localized while it was heard.

    `distance` is None where nothing was localized then, and `unknown` where `near`, the probability
    that the event is near, is too close to a half. `direction` is the likeliest one as the wearer
    looks, with its probability, None where it is not likelier than not. `apart` says that near and
    far sound were separated and named each by itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    distance: Distance | None = None
    near: Probability | None = None
    direction: Direction | None = None
    direction_probability: Probability | None = None
    apart: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """What is known of it in words, such as `("near", "left")`; empty where nothing is."""
        distance = self.distance if self.distance in ("near", "far") else None
        return tuple(word for word in (distance, self.direction) if word is not None)


class HeardApart(NamedTuple):
    """The probabilities of sounds in the near part of a segment, and in the remainder."""

    near: Probabilities
    far: Probabilities
