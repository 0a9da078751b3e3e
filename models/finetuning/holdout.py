"""Splitting a queue's windows deterministically into training and held-out ones."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from schemas import FinetuneItem

# Whole blocks are held out, because neighbouring windows are too similar.
BLOCK_NS = 300 * NS
# One of this many blocks is held out.
EVERY = 4


def held_out(items: Sequence[FinetuneItem]) -> NDArray[np.bool_]:
    """Return which windows (N,) are held out: one of every four blocks of five minutes.

    This depends only on the window, so that a held-out window is never trained on later. Which of
    the four blocks is chosen is pseudo-random, but one always is, so that even a short session can
    be evaluated.
    """
    return np.array([_is_held_out(item) for item in items], dtype=bool)


def _is_held_out(item: FinetuneItem) -> bool:
    group, turn = divmod(item.start_ns // BLOCK_NS, EVERY)
    name = f"{item.device_id}\0{item.session_id}\0{group}"
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big") % EVERY == turn
