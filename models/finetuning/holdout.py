"""Which windows of a queue are learned from and which are held out, the same ones every time."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from schemas import FinetuneItem

# Neighbouring windows are alike: one of them held out would be known from the other.
BLOCK_NS = 300 * NS
# One block in so many is held out.
EVERY = 4


def held_out(items: Sequence[FinetuneItem]) -> NDArray[np.bool_]:
    """Return which windows (N,) are held out: of a device's session one of each four five minutes.

    It depends on a window alone, so one that is held out is never learned from later. Chance says
    which of the four it is, but not whether one is: of a day of ten none might be, and nothing that
    was learned from it could be judged.
    """
    return np.array([_is_held_out(item) for item in items], dtype=bool)


def _is_held_out(item: FinetuneItem) -> bool:
    group, turn = divmod(item.start_ns // BLOCK_NS, EVERY)
    name = f"{item.device_id}\0{item.session_id}\0{group}"
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big") % EVERY == turn
