from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from infra.errors import RevisionError, StoreError
from infra.local.probe import free_port
from infra.model_store import history as module
from infra.model_store.history import Attempt, Revisions, State


def attempt(n: int, state: State = "accepted", **changes: object) -> Attempt:
    weights = None if state == "rejected" else f"/kept/scenario-{n:012x}.safetensors"
    return Attempt.model_validate(
        {
            "model": "scenario",
            "revision": f"{n:012x}",
            "state": state,
            "created_ns": n,
            "weights": weights,
            "sha256": None if weights is None else "0" * 64,
            "encoders": "e" * 12,
            **changes,
        }
    )


async def test_attempts_come_back_whole_the_oldest_first(redis: Redis) -> None:
    revisions = Revisions(redis, "app")
    kept = [
        attempt(2, after={"f1": 0.5}, before={"f1": 0.4}, reason="better", parent="shipped"),
        attempt(1, "rejected", reason="worse"),
    ]
    for one in kept:
        assert await revisions.record(one) == []
    assert await revisions.all("scenario") == kept[::-1]
    assert await revisions.find("scenario", kept[0].revision) == kept[0]
    assert await revisions.find("scenario", "f" * 12) is None
    assert await revisions.all("har") == []
    assert await Revisions(redis, "other").all("scenario") == []


async def test_an_accepted_attempt_makes_the_message_that_made_it(redis: Redis) -> None:
    one = attempt(3, parent="shipped", after={"f1": 0.5}, reason="better")
    assert Attempt.of(one.update(3, "better")) == one


async def test_what_became_of_a_revision_can_change(redis: Redis) -> None:
    revisions = Revisions(redis, "app")
    await revisions.record(attempt(1))
    await revisions.mark("scenario", f"{1:012x}", state="rolled back")
    await revisions.mark("scenario", f"{1:012x}", refused="no memory " * 100)
    await revisions.mark("scenario", f"{2:012x}", refused="never recorded")
    [found] = await revisions.all("scenario")
    assert found.state == "rolled back"
    assert found.refused.startswith("no memory")


async def test_the_oldest_go_rejected_ones_first(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEEP", 3)
    revisions = Revisions(redis, "app")
    for one in (attempt(1), attempt(2, "rejected"), attempt(3)):
        await revisions.record(one)
    assert await revisions.record(attempt(4)) == [attempt(2, "rejected")]
    assert await revisions.record(attempt(5)) == [attempt(1)]
    assert [a.created_ns for a in await revisions.all("scenario")] == [3, 4, 5]


async def test_what_another_version_wrote_is_left_out(redis: Redis) -> None:
    revisions = Revisions(redis, "app")
    await revisions.record(attempt(1))
    await redis.hset("app:revisions:scenario", "f" * 12, b"{}")
    assert await revisions.all("scenario") == [attempt(1)]


async def test_one_at_a_time_changes_a_model(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WAIT_S", 0.2)
    revisions = Revisions(redis, "app")
    async with revisions.changing("scenario"):
        async with revisions.changing("har"):
            pass
        with pytest.raises(RevisionError, match="is being changed by somebody else"):
            async with revisions.changing("scenario"):
                pass
    async with asyncio.timeout(60), revisions.changing("scenario"):
        pass


async def test_a_store_that_fails_is_named_with_the_model() -> None:
    async with Redis(port=free_port(), retry=Retry(NoBackoff(), 0)) as closed:
        revisions = Revisions(closed, "app")
        with pytest.raises(StoreError, match=r"^revisions of model scenario cannot be written"):
            await revisions.record(attempt(1))
        with pytest.raises(StoreError, match=r"^revisions of model scenario cannot be read"):
            await revisions.all("scenario")
        with pytest.raises(StoreError, match=r"^revisions of model scenario cannot be locked"):
            async with revisions.changing("scenario"):
                pass
