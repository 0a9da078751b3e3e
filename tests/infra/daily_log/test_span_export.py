from __future__ import annotations

from typing import TYPE_CHECKING

from infra.daily_log.span_export import calendar_of
from infra.daily_log.store import LogStore
from schemas.message import END_OF_TIME_NS
from tests.infra.daily_log.corrected_log import correction, named_span
from tests.infra.daily_log.stored_records import T0, S, scenario

if TYPE_CHECKING:
    from redis.asyncio import Redis


async def test_a_calendar_has_what_was_added_after_the_last_record(redis: Redis) -> None:
    store = LogStore(redis, "calendar", retention_days=30)
    await store.put_scenarios([scenario(T0 + n * 30 * S) for n in range(20)])
    later = T0 / S + 3_600
    added = correction(1, named_span(later, later + 3_600, "Reading"), device_id="d1", action="add")
    await store.put_corrections([added])

    async def events(from_ns: int, to_ns: int) -> list[str]:
        text = await calendar_of(store, "d1", from_ns, to_ns)
        return [line for line in text.splitlines() if line.startswith("SUMMARY")]

    assert await events(0, END_OF_TIME_NS) == ["SUMMARY:Cooking", "SUMMARY:Reading"]
    assert await events(0, T0 + 1_800 * S) == ["SUMMARY:Cooking"]
    assert await events(T0 + 1_800 * S, END_OF_TIME_NS) == ["SUMMARY:Reading"]
    assert await events(T0 + 9_000 * S, END_OF_TIME_NS) == []
