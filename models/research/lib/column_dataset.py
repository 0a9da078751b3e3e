"""Data sets as dataclasses of columns, tensors or arrays, with one row per item."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class ColumnDataset:
    """Every field is a tensor or an array whose first dimension counts the items."""

    def __len__(self) -> int:
        return len(next(iter(vars(self).values())))

    def take(self, rows: Tensor | NDArray[Any]) -> Self:
        """Return the items `rows`, indices or a mask."""
        return replace(self, **{name: column[rows] for name, column in vars(self).items()})

    def to(self, device: torch.device | str) -> Self:
        """Return the data set with its tensors on `device`; arrays stay in memory."""
        return replace(
            self,
            **{
                name: column.to(device) if isinstance(column, Tensor) else column
                for name, column in vars(self).items()
            },
        )

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Concatenate items whose other dimensions are equal."""
        columns = {name: [vars(part)[name] for part in parts] for name in vars(parts[0])}
        return replace(parts[0], **{name: _concatenate(column) for name, column in columns.items()})


def _concatenate(column: list[Any]) -> Any:
    return torch.cat(column) if isinstance(column[0], Tensor) else np.concatenate(column)
