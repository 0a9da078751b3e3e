"""Devices that send only motion, which is cheap to process, and the comparison of their logs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer

from bench.faults.log_comparison import Changes, changes, log_of
from bench.load.messages import Fleet
from bench.load.recording import COARSE, simulate_recording
from infra import topics
from infra.broker.access import client_arguments
from infra.daily_log.store import LogStore
from infra.redis.client import connect
from schemas import ImuFrame, Vector
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.faults.fault import Site
    from bench.load.recording import ArrayRecording
    from infra.settings import Settings

_SOURCE_S = 30
_PATIENCE_S = 120.0
_UNCONFIRMED_MAX = 256


@dataclass(frozen=True)
class Motion:
    """A wearer's motion, one frame per second; the clock steps by `steps_s` at given seconds."""

    device_id: str
    seconds: int
    steps_s: tuple[tuple[int, int], ...] = ()

    @property
    def windows(self) -> int:
        """Number of windows of 30 s and of 5 s, if the clock does not step."""
        return -(-self.seconds // 30) + -(-self.seconds // 5)

    def frames(self) -> Iterator[ImuFrame]:
        """Yield the frames."""
        source = _source()
        seconds = source.motion.reshape(_SOURCE_S, COARSE.imu, 6)
        for second in range(self.seconds):
            values = seconds[second % _SOURCE_S]
            shift = sum(by for at, by in self.steps_s if second >= at)
            yield ImuFrame(
                device_id=self.device_id,
                session_id=self.device_id.rpartition("-")[0],
                seq=second,
                t_ns=source.start_ns + (second + shift) * NS,
                final=second == self.seconds - 1,
                streams=["imu"],
                rate=float(COARSE.imu),
                acc=Vector.of(values[:, :3].copy()),
                gyro=Vector.of(values[:, 3:].copy()),
            )


@cache
def _source() -> ArrayRecording:
    return simulate_recording(_SOURCE_S, COARSE)


async def send_motion(settings: Settings, motions: Sequence[Motion]) -> None:
    """Send all frames of all devices at full speed."""
    producer = AIOKafkaProducer(
        **client_arguments(settings), acks="all", linger_ms=5, request_timeout_ms=300_000
    )
    await producer.start()
    topic = settings.topic(topics.IMU_FRAMES)
    try:
        waiting = []
        for motion in motions:
            for frame in motion.frames():
                sent = await producer.send(topic, frame.encode(), frame.device_id.encode())
                waiting.append(sent)
                if len(waiting) >= _UNCONFIRMED_MAX:
                    await asyncio.gather(*waiting)
                    waiting.clear()
        await asyncio.gather(*waiting)
    finally:
        await producer.stop()


async def log_of_motion(site: Site, calm: Motion, disturbed: Motion) -> None:
    """Compare a device's log with that of another device that sent the same."""
    recording = _source()
    fleets = [Fleet(each.device_id[:-2], 1, recording) for each in (calm, disturbed)]
    deadline = asyncio.get_running_loop().time() + _PATIENCE_S
    while True:
        first, second = [await log_of(site.settings, fleet) for fleet in fleets]
        result = changes(first, second)
        whole = bool(first) and not result.count
        if whole or asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(0.5)
    site.expected += len(first)
    site.changes.append(result)


async def until_logged(site: Site, motions: Sequence[Motion], patience_s: float) -> None:
    """Wait until the log has every window of devices with one session each."""
    redis = await connect(site.settings)
    try:
        log = LogStore(redis, site.settings.app_id, site.settings.log_retention_days)
        deadline = asyncio.get_running_loop().time() + patience_s
        lacking = {motion.device_id: motion.windows for motion in motions}
        while lacking and asyncio.get_running_loop().time() < deadline:
            for motion in [each for each in motions if each.device_id in lacking]:
                counts = await log.count(motion.device_id)
                lacking[motion.device_id] = motion.windows - counts.scenarios - counts.activities
            lacking = {device: count for device, count in lacking.items() if count}
            await asyncio.sleep(0.5)
    finally:
        await redis.aclose()
    site.expected += sum(motion.windows for motion in motions)
    missing = tuple(f"{device} {n}" for device, count in lacking.items() for n in range(count))
    site.changes.append(Changes(missing, (), ()))
