"""Clips that are drawn once, and kept in a cache folder."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.research.egolog.localization.batched.seconds import RenderedSeconds
from models.research.lib.array_cache import load_or_make
from models.simulation.sources.measured import EARS_REVISION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from models.research.egolog.localization.batched.seconds import World
    from models.research.egolog.localization.batched.sources import Placements


Columns = dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]
"""Fields of `RenderedSeconds` by name."""


def drawn_columns(
    world: Callable[[], World], placing: Placements, clips: int, seed: int, cache: Path | None
) -> Columns:
    """Draw clips of two seconds from `world()`, or read them from `cache` if drawn before."""

    def make() -> Columns:
        drawn = world().draw_many(placing, clips, torch.Generator().manual_seed(seed))
        return {name: column.numpy() for name, column in drawn._asdict().items()}

    folder = None
    if cache is not None:
        placed = sha256(repr(placing).encode()).hexdigest()[:8]
        folder = cache / f"drawn-train-{EARS_REVISION}-{placed}-{seed}-{clips}"
    return load_or_make(folder, RenderedSeconds._fields, make)


def seconds_of(columns: Columns) -> RenderedSeconds:
    """Return drawn columns as tensors."""
    return RenderedSeconds(**{name: torch.from_numpy(column) for name, column in columns.items()})
