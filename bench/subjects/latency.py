"""Latency from the frame that closes a window to its record in the topic, and in the log."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from redis.asyncio import Redis

from bench.load.closing import closing_frames
from bench.load.sending import send_in_real_time
from bench.without_stream.work import KINDS, RESULTS
from infra import topics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.load.messages import Fleet
    from bench.load.sending import FrameKey
    from bench.subjects.running import Running

# Topics whose records are also in the log.
LOGGED = (topics.ACTIVITY, topics.SCENARIO)
_WINDOW_ID = re.compile(r"[A-Za-z0-9._:-]+/[A-Za-z0-9._:-]+/(?:har|scenario)/\d+")
_KINDS = {"spatial": topics.SPATIAL, "har": topics.ACTIVITY, "scenario": topics.SCENARIO}


@dataclass(frozen=True)
class Latency:
    """Percentiles of `count` latencies, ms."""

    count: int
    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, delays_s: list[float]) -> Latency:
        """Return the percentiles of at least one value."""
        p50, p95, p99 = np.percentile(np.array(delays_s) * 1e3, (50, 95, 99))
        return cls(len(delays_s), *(round(float(each), 1) for each in (p50, p95, p99)))


@dataclass(frozen=True)
class Delays:
    """Latencies by topic, of its records and of their rows in the log; memory, MB."""

    topic: dict[str, Latency]
    log: dict[str, Latency]
    resident_before_mb: float
    resident_after_mb: float


@dataclass(frozen=True)
class Arrivals:
    """Arrival times of frames at the broker, and of records in topics and the log, s."""

    arrived: Mapping[FrameKey, float]
    seen: Mapping[str, Mapping[str, float]]
    logged: Mapping[str, float]
    resident_before_mb: float
    resident_after_mb: float


async def delays(running: Running, fleet: Fleet) -> Delays:
    """Send a fleet in real time and return the latencies of its records."""
    sent = await send_and_watch(running, fleet)
    closed = closing_frames(running.subject.settings, fleet.recording)
    return Delays(
        {
            name: one
            for name in RESULTS
            if (one := latency(name, sent.seen[name], closed, sent.arrived))
        },
        {name: one for name in LOGGED if (one := latency(name, sent.logged, closed, sent.arrived))},
        sent.resident_before_mb,
        sent.resident_after_mb,
    )


async def send_and_watch(running: Running, fleet: Fleet) -> Arrivals:
    """Send a fleet in real time and return all arrival times."""
    settings = running.subject.settings
    logged: dict[str, float] = {}
    watching = asyncio.create_task(_watch_log(settings.redis_url, logged))
    try:
        before_mb = running.subject.resident_mb()
        arrived = await send_in_real_time(settings, fleet)
        after_mb = running.subject.resident_mb()
        await running.until_done(fleet, timeout_s=120.0)
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
    seen = {name: running.observer.seen[name] for name in RESULTS}
    return Arrivals(arrived, seen, logged, before_mb, after_mb)


def latency(
    topic: str,
    records: Mapping[str, float],
    closed: Mapping[tuple[str, int], int],
    arrived: Mapping[FrameKey, float],
) -> Latency | None:
    """Return the percentiles of `delays_s`, or None if there are none."""
    each = list(delays_s(topic, records, closed, arrived).values())
    return Latency.of(each) if each else None


def delays_s(
    topic: str,
    records: Mapping[str, float],
    closed: Mapping[tuple[str, int], int],
    arrived: Mapping[FrameKey, float],
) -> dict[str, float]:
    """Return the latencies of a topic's `records` (window id: time, s) by window id.

    `closed` gives the frame that closes each window, `arrived` a frame's time of arrival.
    """
    found = {}
    for window, when in records.items():
        device, _, kind, start = window.split("/")
        seq = closed.get((kind, int(start)))
        if _KINDS[kind] != topic or seq is None:
            continue
        # A window closes when both streams have arrived.
        frames_at = [arrived[key] for name in KINDS if (key := (device, name, seq)) in arrived]
        if len(frames_at) == len(KINDS):
            found[window] = when - max(frames_at)
    return found


async def _watch_log(url: str, logged: dict[str, float]) -> None:
    """Record when the store executed the first command that names each window."""
    redis = Redis.from_url(url, socket_timeout=None)
    try:
        async with redis.monitor() as monitor:
            async for command in monitor.listen():
                text = command["command"]
                # A record's transaction writes the index first.
                if text[:4].upper() == "ZADD":
                    for window in _WINDOW_ID.findall(text):
                        logged.setdefault(window, float(command["time"]))
    finally:
        await redis.aclose()
