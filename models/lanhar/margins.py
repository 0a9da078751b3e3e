"""When a label that was added by its description claims a window (LanHAR §3.6).

Readings of an activity that the sensor encoder learned from lie near its label. A label that was
added has none, and its likeness to a window means something else: some lie near everything, others
near nothing. So it must be ahead of *all* labels that were learned, whether they are in force or
not, by a margin of its own: what it is ahead by on readings of other activities, but for a small
share of them (calibrated stacking, Chao et al. 2016, the share of false claims given), and some of
their spread for wearers and positions that nobody has readings of.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from models.lanhar.space import FEATURES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

Array = NDArray[np.float64]

CLAIMED = 0.02
"""Share of readings of other activities that a label that was added would claim without `SPREAD`.
"""
SPREAD = 0.5
"""Standard deviations of what it is ahead by on them that are added to its margin."""
VARIANT = 0.88
"""A learned label that is not in force and as near as this is a variant, not a rival."""
TEMPERATURE = 0.1
# Last bits of a sum depend on the processor.
_DECIMALS = 4
_CACHED = 16


@dataclass(frozen=True)
class ReadingsConfig:
    """The activity of each reading, and the labels that were learned.

    `sensor` is the revision of the sensor encoder that embedded the readings, empty for none.
    """

    of: tuple[str, ...] = ()
    learned: tuple[str, ...] = ()
    sensor: str = ""


@dataclass(frozen=True)
class Margins:
    """How K labels compete: `shipped` (S,) came with the weights, `added` (A,) by description.

    An added label is measured against the rivals (A, L) among the `learned` vectors (L, 128), and
    `ahead` (A,) is what it must be ahead of them by.
    """

    added: NDArray[np.intp]
    shipped: NDArray[np.intp]
    learned: Array
    rivals: NDArray[np.bool_]
    ahead: Array

    def applied(self, likeness: Array, readings: Array) -> Array:
        """Return likeness (N, K) of readings (N, 128) as it ranks.

        An added label is above the best shipped one just where it is ahead of its rivals by its
        margin.
        """
        if not len(self.added):
            return likeness
        ranked = likeness.copy()
        lead = likeness[:, self.added] - _rival(readings @ self.learned.T, self.rivals)  # (N, A)
        best = likeness[:, self.shipped].max(axis=1, keepdims=True) if len(self.shipped) else 0.0
        ranked[:, self.added] = lead - self.ahead + best
        return ranked


@dataclass(frozen=True, eq=False)
class KnownReadings:
    """Embedded `readings` (R, 128) of the activities `config.of`; `learned` (L, 128) label vectors.

    All are unit vectors.
    """

    config: ReadingsConfig
    readings: Array
    learned: Array

    def margins(
        self, names: Sequence[str], vectors: NDArray[np.float32], described: Collection[str] = ()
    ) -> Margins:
        """Return how labels of these names (K,) and vectors (K, 128) compete.

        Those in `described` were added. Neither a label that was learned by the same name nor its
        readings count against one. The others compete as they are.
        """
        return _margins(
            self,
            tuple(names),
            np.ascontiguousarray(vectors, np.float32).tobytes(),
            frozenset(described),
        )


@lru_cache(_CACHED)
def _margins(
    known: KnownReadings, names: tuple[str, ...], vectors: bytes, described: frozenset[str]
) -> Margins:
    learned = known.config.learned
    labels = np.frombuffer(vectors, np.float32).reshape(-1, FEATURES).astype(np.float64)
    is_added = np.array([bool(learned) and name in described for name in names], bool)
    added = np.flatnonzero(is_added)
    in_force = set(names) - described
    rivals = np.zeros((len(added), len(learned)), bool)
    ahead = np.zeros(len(added))
    near = labels[added] @ known.learned.T  # (A, L)
    of = np.array(known.config.of)
    for row, at in enumerate(added):
        against = [
            name != names[at] and (name in in_force or float(near[row, number]) < VARIANT)
            for number, name in enumerate(learned)
        ]
        rivals[row] = against
        counted = np.isin(of, [name for name, yes in zip(learned, against, strict=True) if yes])
        if counted.any():
            others = known.readings[counted]  # (R', 128)
            lead = (
                others @ labels[at] - _rival(others @ known.learned.T, rivals[row : row + 1])[:, 0]
            )
            limit = np.quantile(lead, 1 - CLAIMED, method="higher")
            ahead[row] = round(float(limit + SPREAD * lead.std()), _DECIMALS)
    return Margins(added, np.flatnonzero(~is_added), known.learned, rivals, ahead)


def _rival(likeness: Array, rivals: NDArray[np.bool_]) -> Array:
    """Likeness to learned labels (N, L), rivals (A, L) -> the softened best of each (N, A)."""
    among = np.where(rivals, likeness[:, None], -np.inf)  # (N, A, L)
    with np.errstate(divide="ignore"):
        best = TEMPERATURE * logsumexp(among / TEMPERATURE, axis=2)
    return np.where(rivals.any(axis=1), best, 0.0)
