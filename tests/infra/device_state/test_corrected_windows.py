from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from redis.asyncio import Redis

from infra.device_state.corrected_windows import KEPT, CorrectedWindows
from infra.errors import StoreError
from schemas import FinetuneItem, Vector
from schemas.correction import WEARER
from tests.infra.daily_log.stored_records import T0, S, scenario
from tests.infra.redis.closed_redis import closed_redis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def windows(redis_url: str) -> AsyncIterator[CorrectedWindows]:
    async with Redis.from_url(redis_url) as client:
        await client.flushdb()
        yield CorrectedWindows(client, "app")


def item(number: int, *labels: str, device: str = "d1") -> FinetuneItem:
    record = scenario(T0 + number * 30 * S, device)
    rows = Vector.of(np.full((2, 3), number, np.float16), "<f2")
    return FinetuneItem.of(record, rows, labels, WEARER)


async def test_windows_are_read_by_time_however_they_came(windows: CorrectedWindows) -> None:
    await windows.put([item(2, "Eating")])
    await windows.put([item(0, "Cooking"), item(1, "Eating")])
    assert await windows.read("d1") == (
        2,
        [item(0, "Cooking"), item(1, "Eating"), item(2, "Eating")],
    )
    assert await windows.read("d2") == (0, [])


async def test_the_last_word_on_a_window_holds_and_none_forgets_it(
    windows: CorrectedWindows,
) -> None:
    await windows.put([item(0, "Cooking"), item(1, "Cooking")])
    await windows.put([item(0, "Eating"), item(1)])
    assert await windows.read("d1") == (2, [item(0, "Eating")])


async def test_changes_are_counted_by_device(windows: CorrectedWindows) -> None:
    assert await windows.changes("d1") == 0
    await windows.put([item(0, "Cooking")])
    await windows.put([item(0)])
    await windows.put([])
    assert (await windows.changes("d1"), await windows.changes("d2")) == (2, 0)


async def test_the_newest_windows_are_kept(windows: CorrectedWindows) -> None:
    await windows.put([item(n, "Cooking") for n in range(KEPT + 3)])
    _, kept = await windows.read("d1")
    assert [each.window_id for each in kept] == [item(n).window_id for n in range(3, KEPT + 3)]


async def test_what_is_erased_is_gone_and_no_other_device_with_it(
    windows: CorrectedWindows,
) -> None:
    await windows.put([item(0, "Cooking")])
    await windows.put([item(0, "Cooking", device="d2")])
    assert await windows.erase("d1") == 1
    assert await windows.erase("d1") == 0
    assert (await windows.changes("d1"), await windows.changes("d2")) == (0, 1)


async def test_a_store_that_is_away_is_named() -> None:
    windows = CorrectedWindows(closed_redis(), "app")
    for call in (windows.put([item(0, "Eating")]), windows.changes("d1"), windows.erase("d1")):
        with pytest.raises(StoreError, match="corrected windows of device d1 cannot be"):
            await call
