"""Memory of where sources are from second to second: a Bayes filter over directions.

Localization judges each second by itself (EgoLog §4.2), but a source is heard for several, and two
ears tell ahead from behind only as the head turns. The filter keeps, for each of the network's
directions and for near and far, how likely a source is there. Between two seconds the directions
are turned by the gyroscope's yaw, and sources appear and end; what is then expected is combined
with the next second's evidence (binary Bayes filter, Thrun et al., Probabilistic Robotics, §4.2).

It only says in which direction a sound is: how likely a near or a far one is at all stays what the
second itself says. It is state of the session in event time, and it forgets where a second is
missing or has no motion, because then it is unknown how far the head has turned.
"""

from __future__ import annotations

import math
import operator
import struct
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from models.network.rotation import has_rotation
from schemas.evidence import DISTANCES, REGIONS
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from schemas.evidence import Direction

CANDIDATES = 72
"""Directions of the network, as in `models.egolog.movement_compensation`; here they begin with the
quarter ahead."""
QUARTERS: tuple[Direction, ...] = ("front", "left", "back", "right")
"""The quarters of the circle, counter-clockwise."""
SPREAD = (0.25, 0.5, 0.25)
"""How a source's direction becomes uncertain in a second, over neighbouring directions."""
CLIP = 30.0
"""Bound on the network's logits."""
CERTAIN = 1e-4
"""Bound on a region's probability, which is rounded to as much."""
_DECIMALS = 4
_REGIONS = tuple(f"{quarter}-{distance}" for distance in DISTANCES for quarter in QUARTERS)
_PLACES = tuple((name, _REGIONS.index(name)) for name in REGIONS)
_BINS = (len(_REGIONS), CANDIDATES // len(QUARTERS))
_STEP = 2 * math.pi / CANDIDATES
_AROUND = np.arange(-1, len(SPREAD))[:, None] + np.arange(CANDIDATES)  # (4, 72)
_HEADER = struct.Struct("<qd")
_BYTES = _HEADER.size + 4 * len(DISTANCES) * CANDIDATES

Pair = tuple[float, float]
"""A parameter's value for near and for far."""


@dataclass(frozen=True)
class DirectionFilter:
    """The filter's parameters, fitted by `models.research.egolog.localization.direction_memory`.

    A direction's evidence is its logit times `scale` plus `offset`, and `weight` times what is
    expected: with these probabilities a source `stays` after a second, and one `appears`. A
    region's logit is `alone` times that of the second and `bias`, and `change` times what the
    memory changes at its strongest direction, `other` times the same of the other distance.
    """

    scale: Pair
    offset: Pair
    weight: Pair
    stays: Pair
    appears: Pair
    alone: Pair
    change: Pair
    other: Pair
    bias: Pair

    def evidence(self, heat: NDArray[Any], before: NDArray[Any] | None) -> NDArray[Any]:
        """Return logits (2, 72) of a second's `heat` and of where sources were `before`, if any."""
        scale, offset, unexpected, weight, appears, arrives = self._columns
        own: NDArray[Any] = heat * scale
        if before is None:
            own += offset
            return own
        there = arrives * before
        there += appears
        own += unexpected
        own += weight * np.log(there / (1 - there))
        return own

    def regions(self, alone: Sequence[float], change: Sequence[float]) -> list[float]:
        """Return the second's probabilities `alone` (8), by the directions that the memory has.

        Both are near and far of the quarters. Of each distance, the probability that there is no
        source anywhere stays as it is.
        """
        out: list[float] = []
        every = len(QUARTERS)
        for distance, first in enumerate((0, every)):
            none, shares = 0.0, []
            for at in range(every):
                own = min(max(alone[first + at], CERTAIN), 1 - CERTAIN)
                none += math.log1p(-own)
                logit = self.alone[distance] * math.log(own / (1 - own)) + self.bias[distance]
                logit += self.change[distance] * change[first + at]
                logit += self.other[distance] * change[every - first + at]
                # -log(1 - p), which adds up over sources as probabilities do not.
                shares.append(math.log1p(math.exp(logit)))
            rate = none / sum(shares)
            out += [-math.expm1(rate * share) for share in shares]
        return out

    @cached_property
    def _columns(self) -> tuple[NDArray[Any], ...]:
        offset, weight = np.array(self.offset), np.array(self.weight)
        stays, appears = np.array(self.stays), np.array(self.appears)
        # Where nothing was before, nothing is expected beyond what always is.
        unexpected = offset - weight * np.log(appears / (1 - appears))
        each = (self.scale, offset, unexpected, weight, appears, stays - appears)
        return tuple(np.array(pair)[:, None] for pair in each)


FILTER = DirectionFilter(
    scale=(1.048, 0.684),
    offset=(-1.989, -0.971),
    weight=(1.106, 0.972),
    stays=(0.778, 0.569),
    appears=(0.016, 0.038),
    alone=(0.767, 0.753),
    change=(0.679, 0.836),
    other=(-0.366, -0.158),
    bias=(-2.667, -3.313),
)


@dataclass(frozen=True)
class DirectionMemory:
    """Where sources were in a session's last second, which ended at `end_ns`.

    `turn` is the head's yaw from that second's mean to its end, rad, counter-clockwise, and
    `sources` (2, 72) float32 how likely a near and a far source was in each direction, None if
    nothing is remembered.
    """

    end_ns: int = 0
    turn: float = 0.0
    sources: NDArray[np.float32] | None = None

    @classmethod
    def of(cls, packed: bytes) -> Self:
        """Restore the memory from what `pack` returned; of another length nothing is remembered."""
        if len(packed) != _BYTES:
            return cls()
        sources = np.frombuffer(packed, "<f4", offset=_HEADER.size)
        end_ns, turn = _HEADER.unpack_from(packed)
        return cls(end_ns, turn, sources.reshape(len(DISTANCES), CANDIDATES))

    def pack(self) -> bytes:
        """Return the memory for `of`, empty if nothing is remembered."""
        if self.sources is None:
            return b""
        return (
            _HEADER.pack(self.end_ns, self.turn) + self.sources.astype("<f4", copy=False).tobytes()
        )

    def after(
        self,
        start_ns: int,
        end_ns: int,
        regions: Mapping[str, float],
        heat: NDArray[Any] | None,
        imu: NDArray[Any] | None,
        by: DirectionFilter = FILTER,
    ) -> tuple[dict[str, float], Self]:
        """Return a second's probabilities of `REGIONS`, remembered, and the memory after it.

        Without a second just before, they are those of the second by itself.

        Args:
            start_ns: start of the second; what ended elsewhere is forgotten.
            end_ns: its end.
            regions: its probabilities by itself.
            heat: (2, 72) logits of a source per direction, from the quarter ahead on.
            imu: (T, 6) m/s² and rad/s; without heat or a gyroscope nothing is remembered.
            by: the parameters.
        """
        if heat is None or imu is None or not has_rotation(imu):
            return dict(regions), type(self)()
        to_mean, to_end = yaw(imu, (end_ns - start_ns) / NS)
        before = None
        if self.sources is not None and self.end_ns == start_ns:
            before = turn_directions(self.sources, self.turn + to_mean)
        heat = np.minimum(np.maximum(heat, -CLIP), CLIP)
        odds = np.exp(by.evidence(heat, before))
        remembered = dict(regions)
        if before is not None:
            whole, own = (
                np.add.reduce(each.reshape(_BINS), axis=1) for each in (odds, np.exp(heat))
            )
            found = by.regions([regions[name] for name in _REGIONS], np.log(whole / own).tolist())
            remembered = {n: round(found[at], _DECIMALS) for n, at in _PLACES}
        return remembered, type(self)(end_ns, to_end, (odds / (1 + odds)).astype(np.float32))


def yaw(imu: NDArray[Any], seconds: float) -> tuple[float, float]:
    """Return the head's yaw from a span's start to its mean, and from there to its end, rad.

    The mean acceleration of `imu` (T, 6), m/s² and rad/s, gives "up" for any mounting.
    """
    mean, early = (_moments(len(imu)) @ imu.astype(np.float32, copy=False)).tolist()
    size = math.hypot(*mean[:3])
    if size == 0.0:
        return 0.0, 0.0
    whole = sum(map(operator.mul, mean[:3], mean[3:])) * seconds / size
    to_mean = sum(map(operator.mul, mean[:3], early[3:])) * seconds / size
    return to_mean, whole - to_mean


def turn_directions(sources: NDArray[Any], turn: float) -> NDArray[Any]:
    """Return where sources (2, 72) are, less surely, to a head that has turned by `turn` rad."""
    steps = turn / _STEP
    low = math.floor(steps)
    part, (side, middle, _) = steps - low, SPREAD
    # Between two directions, then over their neighbours.
    weights = (
        side * (1 - part),
        middle * (1 - part) + side * part,
        side * (1 - part) + middle * part,
        side * part,
    )
    beside = sources.take(_AROUND + low, axis=1, mode="wrap")  # (2, 4, 72)
    out: NDArray[Any] = np.array(weights) @ beside
    return out


@cache
def _moments(steps: int) -> NDArray[np.float32]:
    """Return what makes of rates (T, C) their mean and that of their integral, (2, T)."""
    integral = (steps - np.arange(steps) - 0.5) / steps
    return (np.stack([np.ones(steps), integral]) / steps).astype(np.float32)
