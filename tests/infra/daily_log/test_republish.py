from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from redis.asyncio import Redis

from infra import topics
from infra.broker.topic_reader import publish, read_all
from infra.daily_log.archive import lines, restore
from infra.daily_log.rebuild import rebuild
from infra.daily_log.republish import republish
from infra.daily_log.store import LogStore
from schemas import Correction
from tests.broker_settings import with_topics
from tests.infra.daily_log.corrected_log import correction, named_span
from tests.infra.daily_log.stored_records import T0, S, scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.daily_log.archive import Row
    from infra.settings import Settings


async def put(settings: Settings, correction_made: Correction) -> None:
    await publish(
        settings,
        topics.CORRECTIONS,
        correction_made.correction_id,
        correction_made.encode(),
        beside=correction_made.device_id,
    )


async def test_what_the_topic_lacks_is_published_once(broker_url: str) -> None:
    settings = await with_topics(broker_url, 2)
    there = correction(1, named_span(T0 / S, T0 / S + 30, "Eating"))
    lost = correction(2, named_span(T0 / S, T0 / S + 30, "Cooking"))
    await put(settings, there)
    assert await republish(settings, [there, lost, lost]) == 1
    assert await republish(settings, [there, lost]) == 0
    assert await republish(settings, []) == 0
    correction_made = await read_all(settings, topics.CORRECTIONS, Correction)
    assert sorted(each.correction_id for each in correction_made) == sorted(
        [there.correction_id, lost.correction_id]
    )


async def test_a_restored_correction_outlasts_the_store(broker_url: str, redis_url: str) -> None:
    settings = await with_topics(broker_url, 2)
    record, correction_made = (
        scenario(T0, "d"),
        correction(1, named_span(T0 / S, T0 / S + 30, "Eating")),
    )
    await publish(settings, topics.SCENARIO, record.device_id, record.encode())
    async with Redis.from_url(redis_url) as redis:
        before = LogStore(redis, f"before-{uuid4().hex[:8]}", 30)
        await before.put_scenarios([record])
        await before.put_corrections([correction_made])
        backup = [line async for line in lines(before, "d", 0, 2**62)]
        restored: list[Correction] = []

        def take(rows: Sequence[Row]) -> None:
            restored.extend(record for kind, record in rows if kind == "correction")

        after = LogStore(redis, f"after-{uuid4().hex[:8]}", 30)
        await restore(after, iter(backup), take)
        assert restored == [correction_made]
        await republish(settings, restored)
        own = settings.model_copy(update={"app_id": f"again-{uuid4().hex[:8]}"})
        assert (await rebuild(own, redis)).corrections == 1
        store = LogStore(redis, own.app_id, 30)
        assert await store.read("d", 0, 2**62) == await before.read("d", 0, 2**62)
