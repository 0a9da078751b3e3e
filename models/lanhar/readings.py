"""When a label that was added by its description claims a window (LanHAR §3.6).

Readings of an activity that the sensor encoder learned from lie near its label. A label that was
added has none, and its likeness to a window means something else: some lie near everything, others
near nothing. So it must be ahead of *all* labels that were learned, whether they are in force or
not, by a margin of its own: what it is ahead by on readings of other activities, but for a small
share of them (calibrated stacking, Chao et al. 2016, the share of false claims given).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from torch import Tensor, nn

from models.lanhar.sensor_encoder import FEATURES
from models.network.key import Config, Key

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

CLAIMED = 0.02
"""Share of readings of other activities that a label that was added may claim."""
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

    added: Tensor
    shipped: Tensor
    learned: Tensor
    rivals: Tensor
    ahead: Tensor

    def applied(self, likeness: Tensor, readings: Tensor) -> Tensor:
        """Return likeness (N, K) of readings (N, 128) as it ranks.

        An added label is above the best shipped one just where it is ahead of its rivals by its
        margin.
        """
        if not len(self.added):
            return likeness
        ranked = likeness.clone()
        lead = likeness[:, self.added] - _rival(readings @ self.learned.T, self.rivals)  # (N, A)
        best = likeness[:, self.shipped].amax(dim=1, keepdim=True) if len(self.shipped) else 0.0
        ranked[:, self.added] = lead - self.ahead + best
        return ranked


class Readings(nn.Module):
    """Embedded `readings` (R, 128) of the activities `config.of`; `learned` (L, 128) label vectors.

    All are unit vectors.
    """

    readings: Tensor
    learned: Tensor

    def __init__(self, config: ReadingsConfig = ReadingsConfig()) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("readings", torch.zeros(len(config.of), FEATURES))
        self.register_buffer("learned", torch.zeros(len(config.learned), FEATURES))

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Return the module of the sizes that its weights file keeps."""
        sizes = ReadingsConfig(tuple(config["of"]), tuple(config["learned"]), config["sensor"])
        return cls(sizes)

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


LANHAR_READINGS = Key("lanhar_readings", Readings.from_config)


@lru_cache(_CACHED)
def _margins(
    readings: Readings, names: tuple[str, ...], vectors: bytes, described: frozenset[str]
) -> Margins:
    learned = readings.config.learned
    labels = torch.from_numpy(np.frombuffer(vectors, np.float32).reshape(-1, FEATURES).copy())
    is_added = np.array([bool(learned) and name in described for name in names], bool)
    added = np.flatnonzero(is_added)
    in_force = set(names) - described
    rivals = torch.zeros(len(added), len(learned), dtype=torch.bool)
    ahead = torch.zeros(len(added))
    near = labels[added] @ readings.learned.T  # (A, L)
    of = np.array(readings.config.of)
    for row, at in enumerate(added):
        against = [
            name != names[at] and (name in in_force or float(near[row, number]) < VARIANT)
            for number, name in enumerate(learned)
        ]
        rivals[row] = torch.tensor(against)
        counted = np.isin(of, [name for name, yes in zip(learned, against, strict=True) if yes])
        if counted.any():
            others = readings.readings[torch.from_numpy(counted)]  # (R', 128)
            lead = (
                others @ labels[at]
                - _rival(others @ readings.learned.T, rivals[row : row + 1])[:, 0]
            )
            limit = np.quantile(lead.numpy(), 1 - CLAIMED, method="higher")
            ahead[row] = round(float(limit), _DECIMALS)
    shipped = np.flatnonzero(~is_added)
    return Margins(
        torch.from_numpy(added), torch.from_numpy(shipped), readings.learned, rivals, ahead
    )


def _rival(likeness: Tensor, rivals: Tensor) -> Tensor:
    """Likeness to learned labels (N, L), rivals (A, L) -> the softened best of each (N, A)."""
    among = likeness[:, None].masked_fill(~rivals, float("-inf"))  # (N, A, L)
    best = TEMPERATURE * torch.logsumexp(among / TEMPERATURE, dim=2)
    return torch.where(rivals.any(dim=1), best, torch.zeros(()))
