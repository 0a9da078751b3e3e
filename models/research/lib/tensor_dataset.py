"""Items as a dataclass of tensors, one row of each tensor an item."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class TensorDataset:
    """Every field is a tensor whose first dimension counts the items."""

    def __len__(self) -> int:
        return len(next(iter(vars(self).values())))

    def take(self, rows: Tensor) -> Self:
        """Return the items `rows`."""
        return replace(self, **{name: value[rows] for name, value in vars(self).items()})

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Concatenate items whose other dimensions are equal."""
        columns = {name: [vars(part)[name] for part in parts] for name in vars(parts[0])}
        return replace(parts[0], **{name: torch.cat(rows) for name, rows in columns.items()})
