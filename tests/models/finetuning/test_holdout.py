from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from models.finetuning.holdout import BLOCK_NS, EVERY, held_out
from schemas.frames import NS
from tests.models.finetuning.windows import items, queue

if TYPE_CHECKING:
    from schemas import FinetuneItem


@cache
def queued() -> list[FinetuneItem]:
    return items(queue())


def test_about_a_quarter_is_held_out_the_same_one_in_any_company() -> None:
    out = held_out(queued())
    assert 0.1 < out.mean() < 0.4
    np.testing.assert_array_equal(held_out(queued()[10:20]), out[10:20])
    assert held_out([]).shape == (0,)


def test_neighbours_are_held_out_together() -> None:
    start_ns = queued()[0].start_ns // BLOCK_NS * BLOCK_NS
    beside = [
        queued()[0].model_copy(update={"start_ns": start_ns + n * 30 * NS}) for n in range(10)
    ]
    assert len(set(held_out(beside).tolist())) == 1


def test_of_each_twenty_minutes_one_block_is_held_out() -> None:
    chosen = set()
    for session in range(20):
        name = f"session-{session}"
        blocks = [
            queued()[0].model_copy(update={"session_id": name, "start_ns": n * BLOCK_NS})
            for n in range(EVERY)
        ]
        [at] = np.flatnonzero(held_out(blocks))
        chosen.add(int(at))
    # Sessions do not all begin with one that is held out.
    assert chosen == set(range(EVERY))
