from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import LlmError
from infra.llm.budget import Budget, Usage
from infra.settings import load

if TYPE_CHECKING:
    from redis.asyncio import Redis

DAY = datetime(2026, 3, 2, 23, 59, tzinfo=UTC)


def budget(redis: Redis, now: datetime = DAY, **changes: Any) -> Budget:
    return Budget(redis, load(env_file=None, **changes), lambda: now)


async def test_without_a_limit_nothing_is_booked(redis: Redis) -> None:
    free = budget(redis)
    assert await free.reserve(Usage(10**6, 10**6)) is None
    assert await free.spent() == (0, 0.0)


async def test_workers_that_ask_at_once_do_not_spend_more_than_there_is(redis: Redis) -> None:
    workers = [budget(redis, llm_tokens_per_day=1_000) for _ in range(4)]
    outcomes = await asyncio.gather(
        *(workers[n % 4].reserve(Usage(40, 10)) for n in range(40)), return_exceptions=True
    )
    assert sum(isinstance(each, LlmError) for each in outcomes) == 20
    assert await workers[0].spent() == (1_000, 0.0)


async def test_what_was_used_replaces_the_estimate(redis: Redis) -> None:
    prices: dict[str, Any] = {"llm_dollars_per_million_in": 1.0, "llm_dollars_per_million_out": 4.0}
    account = budget(redis, llm_dollars_per_day=0.01, **prices)
    reserved = await account.reserve(Usage(1_000, 1_000))
    assert await account.spent() == (2_000, pytest.approx(0.005))
    await account.settle(reserved, Usage(1_000, 100))
    assert await account.spent() == (1_100, pytest.approx(0.0014))


async def test_money_runs_out_as_tokens_do_and_the_error_names_the_setting(redis: Redis) -> None:
    account = budget(redis, llm_dollars_per_day=0.01, llm_dollars_per_million_in=2.0)
    await account.reserve(Usage(4_000, 0))
    with pytest.raises(LlmError) as caught:
        await account.reserve(Usage(2_000, 0))
    assert caught.value.outcome == "budget"
    assert "0.01 dollars (EGOLOG_LLM_DOLLARS_PER_DAY)" in str(caught.value)


async def test_every_day_has_its_own_account_and_accounts_go_away(redis: Redis) -> None:
    today = budget(redis, llm_tokens_per_day=100)
    reserved = await today.reserve(Usage(90, 0))
    tomorrow = budget(redis, DAY + timedelta(minutes=2), llm_tokens_per_day=100)
    await tomorrow.reserve(Usage(90, 0))
    await tomorrow.settle(reserved, Usage(10, 0))
    assert await today.spent() == (10, 0.0)
    assert await tomorrow.spent() == (90, 0.0)
    assert all([await redis.ttl(key) > 0 async for key in redis.scan_iter("*:spent:*")])
