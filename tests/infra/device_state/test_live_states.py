from __future__ import annotations

from typing import TYPE_CHECKING

from infra.device_state.live_states import MAX_WATCHED, LiveStates

if TYPE_CHECKING:
    from redis.asyncio import Redis


async def test_who_asks_watches_for_a_while_and_sees_what_is_put(redis: Redis) -> None:
    states = LiveStates(redis, "app")
    assert await states.watched() == set()
    assert await states.watch("glasses") is None
    assert await states.watched() == {"glasses"}
    await states.put({"glasses": {"at": 1}, "other": {"at": 2}})
    assert await states.watch("glasses") == {"at": 1}
    assert 0 < await redis.ttl("app:live:glasses") <= 10
    await states.delete("glasses")
    assert await states.watch("glasses") is None


async def test_who_went_is_no_longer_watched(redis: Redis) -> None:
    states = LiveStates(redis, "app")
    await states.watch("glasses")
    await redis.zadd("app:watched", {"glasses": 1.0})
    assert await states.watched() == set()
    await states.watch("other")
    assert await redis.zrange("app:watched", 0, -1) == [b"other"]


async def test_of_too_many_those_that_were_asked_for_last_are_watched(redis: Redis) -> None:
    states = LiveStates(redis, "app")
    for number in range(MAX_WATCHED + 3):
        await states.watch(f"d{number:02}")
    assert await states.watched() == {f"d{n:02}" for n in range(3, MAX_WATCHED + 3)}
