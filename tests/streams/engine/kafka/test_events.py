from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from mode.utils.queues import FlowControlEvent, ThrowableQueue

from streams.engine.kafka.events import events, waiting_events


class Reading:
    """A stream on a channel, and the offsets that the consumer was told are being worked on."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        self.tracked: list[int] = []
        self.active = True
        consumer = SimpleNamespace(track_message=lambda m: self.tracked.append(m.offset))
        self.app = SimpleNamespace(
            consumer=consumer,
            consumer_generation_id=1,
            flow_control=SimpleNamespace(is_active=lambda: self.active),
        )
        self.channel = SimpleNamespace(queue=self.queue)

    def put(self, offset: int, generation: int = 1, tracked: bool = False) -> None:
        message = SimpleNamespace(offset=offset, generation_id=generation, tracked=tracked)
        self.queue.put_nowait(SimpleNamespace(message=message))


async def offsets(reading: Any, count: int) -> list[int]:
    receiving = events(reading)
    async with asyncio.timeout(30):
        return [(await anext(receiving)).message.offset for _ in range(count)]


async def test_events_come_in_order_and_are_tracked_once() -> None:
    reading = Reading()
    for offset in range(3):
        reading.put(offset, tracked=offset == 1)
    assert await offsets(reading, 3) == [0, 1, 2]
    assert reading.tracked == [0, 2]


async def test_events_of_another_assignment_are_left_alone() -> None:
    reading = Reading()
    reading.put(0, generation=0)
    reading.put(1)
    assert await offsets(reading, 1) == [1]
    assert reading.tracked == [1]


async def test_events_that_came_before_the_flow_was_suspended_are_left_alone() -> None:
    reading = Reading()
    reading.put(0)
    reading.active = False
    taking = asyncio.create_task(offsets(reading, 1))
    while not reading.queue.empty():
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    reading.active = True
    reading.put(1)
    assert await taking == [1]


async def test_others_have_their_turn_while_a_backlog_is_read() -> None:
    reading, turns = Reading(), 0
    for offset in range(200):
        reading.put(offset)

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    await offsets(reading, 200)
    beside.cancel()
    assert turns >= 5


@pytest.mark.parametrize("waits", [False, True])
async def test_events_end_where_faust_stops_the_agent(waits: bool) -> None:
    reading = Reading()
    flow = FlowControlEvent(initially_suspended=False)
    queue: ThrowableQueue[Any] = ThrowableQueue(flow_control=flow)
    reading.channel.queue = queue

    async def every() -> list[Any]:
        stream: Any = reading
        return [event async for event in events(stream)]

    taking = asyncio.create_task(every())
    while waits and not queue._getters:
        await asyncio.sleep(0)
    # As `faust.agents.actor.Actor.cancel` does.
    queue._throw(StopAsyncIteration())
    async with asyncio.timeout(30):
        assert await taking == []


async def test_waiting_events_are_those_of_the_present_assignment_up_to_so_many() -> None:
    reading: Any = Reading()
    for offset in range(5):
        reading.put(offset, generation=0 if offset == 1 else 1, tracked=offset == 2)
    first = [event.message.offset for event in await waiting_events(reading, 4)]
    rest = [event.message.offset for event in await waiting_events(reading, 4)]
    assert (first, rest) == ([0, 2, 3], [4])
    assert reading.tracked == [0, 3, 4]
