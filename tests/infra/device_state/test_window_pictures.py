from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from redis.asyncio import Redis

from infra import clock
from infra.device_state.window_pictures import WindowPictures
from infra.errors import StoreError
from tests.infra.daily_log.stored_records import T0, S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SOUND = np.arange(6, dtype=np.uint8).reshape(3, 2)
MOTION = np.ones((3, 2), np.float32)


@pytest.fixture
async def pictures(redis_url: str) -> AsyncIterator[WindowPictures]:
    async with Redis.from_url(redis_url) as client:
        await client.flushdb()
        yield WindowPictures(client, "app:log")


async def test_arrays_come_back_as_they_were_and_go_by_themselves(pictures: WindowPictures) -> None:
    await pictures.put("d1", T0, {"sound": SOUND, "motion": MOTION}, 2)
    read = await pictures.read("d1", T0)
    assert read["sound"].dtype == np.uint8
    np.testing.assert_array_equal(read["sound"], SOUND)
    np.testing.assert_array_equal(read["motion"], MOTION)
    for key in await pictures._redis.keys("app:log:*"):
        assert 7_100 < await pictures._redis.ttl(key) <= 7_200
    assert await pictures.read("d1", T0 + S) == {}


async def test_a_span_of_one_device_is_deleted(pictures: WindowPictures) -> None:
    # The second device's name is what a key of the first might be.
    for device in ("d1", f"d1:{T0}"):
        for n in range(3):
            await pictures.put(device, T0 + 30 * n * S, {"sound": SOUND}, 1)
    assert await pictures.delete("d1", T0, T0 + 60 * S) == 2
    assert await pictures.read("d1", T0) == {}
    assert await pictures.read("d1", T0 + 60 * S)
    assert await pictures.delete("d1", 0, 2**62) == 1
    assert await pictures.delete("d1", 0, 2**62) == 0
    assert len([key async for key in pictures._redis.scan_iter("app:log:features:*")]) == 3


async def test_starts_are_kept_no_longer_than_their_pictures(pictures: WindowPictures) -> None:
    index = "app:log:feature-starts:d1"
    await pictures.put("d1", T0, {"sound": SOUND}, 1)
    expires_s = await pictures._redis.zscore(index, str(T0))
    assert expires_s is not None
    await pictures._redis.zadd(index, {str(T0): expires_s - 3_601})
    await pictures.put("d1", T0 + 30 * S, {"sound": SOUND}, 1)
    assert await pictures._redis.zrange(index, 0, -1) == [str(T0 + 30 * S).encode()]


async def test_a_worker_whose_clock_is_ahead_forgets_no_start(
    pictures: WindowPictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pictures.put("d1", T0, {"sound": SOUND}, 1)
    now_ns = clock.now_ns()
    monkeypatch.setattr(clock, "_read", lambda: now_ns + 86_400 * S)
    await pictures.put("d1", T0 + 30 * S, {"sound": SOUND}, 1)
    assert await pictures.delete("d1", 0, 2**62) == 2


async def test_what_is_no_picture_is_one_line(pictures: WindowPictures) -> None:
    await pictures._redis.set(f"app:log:features:d1:{T0}", b"other")
    with pytest.raises(StoreError, match=f"features of d1 at {T0} cannot be read"):
        await pictures.read("d1", T0)
