"""Examples for fine-tuning: the scenario network's input, with labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.egolog.segment_row import ROW_WIDTH
from models.labels import SCENARIOS
from models.network.windows import SCENARIO_WINDOW_S, SEGMENT_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from schemas import FinetuneItem

SEGMENTS = SCENARIO_WINDOW_S // SEGMENT_S


class ExamplesError(ValueError):
    """Arrays have wrong shapes, or labels are unknown to the network."""


@dataclass(frozen=True)
class Examples:
    """N windows: `rows` (N, 15, 644) float16 of `ScenarioNet.join`, `labels` (N, 16) float32.

    A label is in [0, 1]; several of a window's may be 1.
    """

    rows: NDArray[np.float16]
    labels: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Raise `ExamplesError` for other shapes."""
        count = len(self.rows)
        want = ((count, SEGMENTS, ROW_WIDTH), (count, len(SCENARIOS)))
        if (self.rows.shape, self.labels.shape) != want:
            raise ExamplesError(
                f"examples have shapes {self.rows.shape} and {self.labels.shape}; "
                f"expected {want[0]} and {want[1]}"
            )

    def __len__(self) -> int:
        return len(self.rows)

    @classmethod
    def empty(cls) -> Examples:
        """Return no windows."""
        return cls(
            np.zeros((0, SEGMENTS, ROW_WIDTH), np.float16),
            np.zeros((0, len(SCENARIOS)), np.float32),
        )

    @classmethod
    def of_items(cls, items: Iterable[FinetuneItem]) -> Examples:
        """Return the labelled windows of a queue; raises `ExamplesError`."""
        named = [item for item in items if item.pseudo_labels]
        if not named:
            return cls.empty()
        return cls(
            np.stack([_rows(item) for item in named]), np.stack([_labels(item) for item in named])
        )

    @classmethod
    def concatenate(cls, parts: Sequence[Examples]) -> Examples:
        """Concatenate several."""
        if not parts:
            return cls.empty()
        return cls(
            np.concatenate([part.rows for part in parts]),
            np.concatenate([part.labels for part in parts]),
        )

    def take(self, at: NDArray[Any]) -> Examples:
        """Return the windows `at`: indices (k,) or a mask (N,)."""
        return Examples(self.rows[at], self.labels[at])


def _rows(item: FinetuneItem) -> NDArray[np.float16]:
    rows = item.embeddings.array()
    if rows.shape != (SEGMENTS, ROW_WIDTH) or not np.isfinite(rows).all():
        raise ExamplesError(
            f"embeddings of window {item.window_id} have shape {rows.shape}; "
            f"expected {(SEGMENTS, ROW_WIDTH)}, all finite"
        )
    return rows.astype(np.float16)


def _labels(item: FinetuneItem) -> NDArray[np.float32]:
    unknown = [name for name in item.pseudo_labels if name not in SCENARIOS]
    if unknown:
        raise ExamplesError(
            f"window {item.window_id} is labelled {unknown[0][:64]!r}; expected names of SCENARIOS"
        )
    return np.isin(SCENARIOS, item.pseudo_labels).astype(np.float32)
