from __future__ import annotations

import asyncio

from streams.engine.inference_schedule import InferenceSchedule, Urgency


async def queue_work(
    turns: InferenceSchedule, order: list[str], *wanted: Urgency
) -> list[asyncio.Task[None]]:
    async def work(urgency: Urgency) -> None:
        await turns.acquire(urgency)
        order.append(urgency.name)
        turns.release()

    tasks = [asyncio.create_task(work(urgency)) for urgency in wanted]
    await asyncio.sleep(0)
    return tasks


async def test_what_is_short_goes_before_what_is_long_and_else_who_came_first() -> None:
    turns, order = InferenceSchedule(1), list[str]()
    await turns.acquire(Urgency.LONG)
    tasks = await queue_work(turns, order, Urgency.LONG, Urgency.NEXT, Urgency.FIRST, Urgency.NEXT)
    assert not order
    turns.release()
    await asyncio.gather(*tasks)
    assert order == ["FIRST", "NEXT", "NEXT", "LONG"]


async def test_one_turn_of_several_is_kept_from_what_is_long() -> None:
    turns, order = InferenceSchedule(2), list[str]()
    await turns.acquire(Urgency.LONG)
    [long] = await queue_work(turns, order, Urgency.LONG)
    [short] = await queue_work(turns, order, Urgency.FIRST)
    await short
    assert order == ["FIRST"]
    turns.release()
    await long
    assert order == ["FIRST", "LONG"]


async def test_all_turns_may_be_used_at_once() -> None:
    turns, order = InferenceSchedule(2), list[str]()
    await turns.acquire(Urgency.FIRST)
    await turns.acquire(Urgency.NEXT)
    [waits] = await queue_work(turns, order, Urgency.FIRST)
    assert not order
    turns.release()
    await waits


async def test_a_turn_that_nobody_waits_for_any_more_is_not_lost() -> None:
    turns, order = InferenceSchedule(1), list[str]()
    await turns.acquire(Urgency.FIRST)
    given_up, granted = await queue_work(turns, order, Urgency.FIRST, Urgency.FIRST)
    given_up.cancel()
    await asyncio.sleep(0)
    turns.release()
    # Its turn has come, but it has not run yet.
    granted.cancel()
    await asyncio.gather(given_up, granted, return_exceptions=True)
    [last] = await queue_work(turns, order, Urgency.LONG)
    await last
    assert order == ["LONG"]
