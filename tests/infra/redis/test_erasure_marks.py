from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.redis.erasure_marks import IS_ERASED, ErasureMarks, log_prefix, marks_key

if TYPE_CHECKING:
    from redis.asyncio import Redis

_ASK = IS_ERASED + "return is_erased(KEYS[1], ARGV[1], ARGV[2]) and 1 or 0"


async def refuses(redis: Redis, device: str, after_ms: int) -> bool:
    return bool(await redis.eval(_ASK, 1, marks_key("app:log"), device, after_ms))


async def test_while_a_device_is_erased_everything_is_refused(redis: Redis) -> None:
    marks = ErasureMarks(redis, log_prefix("app"))
    assert await marks.read("d") == 0
    assert not await refuses(redis, "d", 0)
    await marks.erase("d", 1_000)
    assert await marks.read("d") == -1_000
    assert [await refuses(redis, "d", ms) for ms in (0, 999, 1_000, 9_000)] == [True] * 4
    assert not await refuses(redis, "e", 0)
    # Who restores its log on purpose.
    assert not await refuses(redis, "d", -1_000)


async def test_a_resumed_device_takes_what_comes_after_its_erasure(redis: Redis) -> None:
    marks = ErasureMarks(redis, log_prefix("app"))
    await marks.erase("d", 1_000)
    await marks.resume("d", 1_000)
    assert await marks.read("d") == 1_000
    asked = (0, 999, 1_000, 1_001, -1_000)
    assert [await refuses(redis, "d", ms) for ms in asked] == [True, True, False, False, False]
    await marks.erase("d", 2_000)
    assert [await refuses(redis, "d", ms) for ms in asked] == [True] * 5


@pytest.mark.parametrize("late", [-1_000, -2_000, 1_999, 2_000])
async def test_who_is_behind_takes_back_no_decision(redis: Redis, late: int) -> None:
    marks = ErasureMarks(redis, log_prefix("app"))
    await marks.erase("d", 2_000)
    await marks.resume("d", 2_000)
    await (marks.erase("d", -late) if late < 0 else marks.resume("d", late))
    assert await marks.read("d") == 2_000
    await marks.erase("d", 3_000)
    await (marks.erase("d", -late) if late < 0 else marks.resume("d", late))
    assert await marks.read("d") == -3_000
