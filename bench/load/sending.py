"""Sending a fleet's frames, at full speed or in real time."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaProducer

from bench.load.messages import outgoing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bench.load.messages import Fleet, Outgoing
    from infra.settings import Settings

_UNCONFIRMED_MAX = 256
_AHEAD_S = 1.0
# A device buffers and retries while the broker is unavailable.
_PATIENCE_MS = 300_000

# Device, topic and sequence number of a frame.
FrameKey = tuple[str, str, int]


async def send_all(settings: Settings, fleet: Fleet) -> None:
    """Send every frame and wait for the broker's acknowledgements."""
    async with _producer(settings, linger_ms=5) as producer:
        unconfirmed: set[asyncio.Future[Any]] = set()
        for out in outgoing(fleet):
            unconfirmed.add(await _send(producer, settings, out, out.frame.encode()))
            if len(unconfirmed) >= _UNCONFIRMED_MAX:
                done, unconfirmed = await asyncio.wait(
                    unconfirmed, return_when=asyncio.FIRST_COMPLETED
                )
                for future in done:
                    future.result()
        await asyncio.gather(*unconfirmed)


async def send_in_real_time(
    settings: Settings, fleet: Fleet, speed: float = 1.0
) -> dict[FrameKey, float]:
    """Send each frame at its time; return its time of arrival, s since the epoch.

    That is the broker's timestamp if it stamps messages on arrival, else the acknowledgement's.
    """
    arrived: dict[FrameKey, float] = {}
    async with _producer(settings, linger_ms=0) as producer:
        clock = asyncio.get_running_loop().time
        began, pending = clock() + _AHEAD_S, []
        for _, second in groupby(outgoing(fleet), key=lambda out: ceil(out.due_s)):
            # Encoded ahead of time, so that only sending remains when a frame is due.
            for out, value in [(out, out.frame.encode()) for out in second]:
                wait_s = began + out.due_s / speed - clock()
                if wait_s > 0:
                    await asyncio.sleep(wait_s)
                key = (out.frame.device_id, out.topic, out.frame.seq)
                future = await _send(producer, settings, out, value)
                future.add_done_callback(_noter(arrived, key))
                pending.append(future)
        await asyncio.gather(*pending)
    return arrived


def _noter(arrived: dict[FrameKey, float], key: FrameKey) -> Any:
    def note(future: asyncio.Future[Any]) -> None:
        now = time.time()
        sent = future.result()
        arrived[key] = sent.timestamp / 1e3 if sent.timestamp_type == 1 else now

    return note


async def _send(
    producer: AIOKafkaProducer, settings: Settings, out: Outgoing, value: bytes
) -> asyncio.Future[Any]:
    future: asyncio.Future[Any] = await producer.send(
        settings.topic(out.topic), value, key=out.frame.device_id.encode()
    )
    return future


@asynccontextmanager
async def _producer(settings: Settings, linger_ms: int) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap_servers,
        acks="all",
        request_timeout_ms=_PATIENCE_MS,
        linger_ms=linger_ms,
        max_request_size=1_500_000,
        max_batch_size=500_000,
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()
