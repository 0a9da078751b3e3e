"""Calibrating labels that were added by description (LanHAR §3.6).

Readings of an activity in the training data lie near its label. An added label has no readings, and
its similarities are not comparable: some labels are near everything, others near nothing. So an
added label wins only if it leads all learned labels, active or not, by its own margin. The margin
is a high quantile of its lead on readings of other activities (calibrated stacking, Chao et al.
2016, for a given share of false claims), plus some of their spread for unseen wearers and
positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from models.lanhar.space import FEATURES, TEMPERATURE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

Array = NDArray[np.float64]

CLAIMED = 0.02
"""Share of other activities' readings that an added label would claim without `SPREAD`."""
SPREAD = 0.5
"""Standard deviations of the lead on those readings that are added to the margin."""
VARIANT = 0.88
"""An inactive learned label as similar as this is a variant of the added label, not a rival."""
# Rounded, because the last bits of a sum depend on the processor.
_DECIMALS = 4
_CACHED = 16


@dataclass(frozen=True)
class ReadingsConfig:
    """The activity of each reading, and the learned labels.

    `sensor` is the revision of the sensor encoder that embedded the readings, or empty.
    """

    of: tuple[str, ...] = ()
    learned: tuple[str, ...] = ()
    sensor: str = ""


@dataclass(frozen=True)
class Margins:
    """How K labels compete: indices of `shipped` (S,) labels and of those `added` (A,).

    An added label competes with its `rivals` (A, L) among the `learned` vectors (L, 128), and must
    lead them by `ahead` (A,).
    """

    added: NDArray[np.intp]
    shipped: NDArray[np.intp]
    learned: Array
    rivals: NDArray[np.bool_]
    ahead: Array

    def adjust(self, likeness: Array, readings: Array) -> Array:
        """Return the adjusted similarity (N, K) of readings (N, 128), for ranking.

        An added label exceeds the best shipped one if and only if it leads its rivals by its
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
        """Return the margins of labels of these names (K,) and vectors (K, 128).

        Labels in `described` were added; a learned label of the same name, and its readings, do not
        count against them. Other labels compete unchanged.
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
    """Similarity to learned labels (N, L), rivals (A, L) -> soft maximum over rivals (N, A)."""
    among = np.where(rivals, likeness[:, None], -np.inf)  # (N, A, L)
    with np.errstate(divide="ignore"):
        best = TEMPERATURE * logsumexp(among / TEMPERATURE, axis=2)
    return np.where(rivals.any(axis=1), best, 0.0)
