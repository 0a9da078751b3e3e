"""A simulated device with a bad connection, for pictures of what operators look at.

In each minute it falls silent for ten seconds, sends some frames twice, some a quarter of a minute
late, and some that are none.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer

from infra.broker.access import client_arguments
from models.simulation.simulated_day import SimulatedDay
from schemas.frames import NS
from streams.producers.frames import Identity, TimedFrame, frames

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.settings import Settings

DEVICE = "troubled"
_MINUTE_S = 60
# Seconds of each minute, from and to.
_SILENT, _TWICE, _LATE, _BROKEN = (10, 20), (30, 33), (40, 42), (50, 52)
_LATE_BY_S = 15


def troubled(minutes: float, seed: int) -> Iterator[tuple[float, str, bytes]]:
    """Yield when each message is sent, in seconds of event time, its topic and its bytes."""
    day = SimulatedDay(seed=seed, minutes=minutes)
    sent = [
        one
        for timed in frames(day, Identity(DEVICE, day.session_id))
        for one in _sent(timed, (timed.due_ns - day.start_ns) / NS)
    ]
    yield from sorted(sent, key=lambda one: one[0])


def _sent(timed: TimedFrame, at_s: float) -> Iterator[tuple[float, str, bytes]]:
    second, value = at_s % _MINUTE_S, timed.frame.encode()
    if _within(second, _SILENT):
        return
    yield at_s + _LATE_BY_S * _within(second, _LATE), timed.topic, value
    if _within(second, _TWICE):
        yield at_s, timed.topic, value
    if _within(second, _BROKEN):
        yield at_s, timed.topic, value[: len(value) // 2]


def _within(second: float, span: tuple[int, int]) -> bool:
    return span[0] <= second < span[1]


async def send(settings: Settings, minutes: float, speed: float, seed: int = 0) -> None:
    """Send the device's messages at a playback speed."""
    clock = asyncio.get_running_loop().time
    async with AIOKafkaProducer(**client_arguments(settings)) as producer:
        began = clock()
        for at_s, topic, value in troubled(minutes, seed):
            await asyncio.sleep(max(0.0, began + at_s / speed - clock()))
            await producer.send(settings.topic(topic), key=DEVICE.encode(), value=value)
