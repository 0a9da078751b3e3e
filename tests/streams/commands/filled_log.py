"""A log of two devices, for the commands that read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis.asyncio import Redis

from infra.daily_log.store import LogStore
from tests.infra.daily_log.stored_records import T0, S, activity, scenario

if TYPE_CHECKING:
    from infra.settings import Settings
    from schemas import Scenario


async def fill_log(settings: Settings) -> list[Scenario]:
    """Store two scenarios and an activity of `d1` and a scenario of `d2`; return the scenarios."""
    scenarios = [scenario(T0), scenario(T0 + 30 * S), scenario(T0, "d2")]
    async with Redis.from_url(settings.redis_url) as redis:
        store = LogStore(redis, settings.app_id, settings.log_retention_days)
        await store.put_scenarios(scenarios)
        await store.put_activities([activity(T0)])
    return scenarios
