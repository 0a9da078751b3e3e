"""Faults of devices: one floods, many start at once, a clock steps, hours of backlog."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from aiokafka import AIOKafkaProducer

from bench.faults.fault import Fault, Site
from bench.faults.motion import Motion, log_of_motion, send_motion, until_logged
from infra import topics
from infra.broker.access import client_arguments
from schemas import ImuFrame, Vector
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.settings import Settings
_NOISY_S = 15
NOISY_HZ = 800
_DEVICES = 5_000
_DEVICE_S = 5
_HOURS = 2


class NoisyNeighbour(Fault):
    """One device sends single samples, 800 a second, beside the fleet."""

    name = f"a device that sends {NOISY_HZ} frames of one sample a second"
    _device = "noisy-0"

    def __init__(self) -> None:
        self._frames = single_samples(self._device, _NOISY_S)

    async def strike(self, site: Site) -> None:
        """Send in real time for as long as the fleet sends."""
        await send_single_samples(site.settings, self._device, self._frames)


def single_samples(device_id: str, seconds: float) -> list[bytes]:
    """Return a device's motion, each sample as an encoded frame.

    A real device encodes on its own processor, so this is done before measuring.
    """
    count = round(seconds * NOISY_HZ)
    return [frame.encode() for frame in _single_samples(device_id, count)]


async def send_single_samples(settings: Settings, device_id: str, frames: Sequence[bytes]) -> None:
    """Send the frames of `single_samples` in real time."""
    producer = AIOKafkaProducer(**client_arguments(settings), linger_ms=5)
    await producer.start()
    topic, clock = settings.topic(topics.IMU_FRAMES), asyncio.get_running_loop().time
    try:
        began = clock()
        for number, frame in enumerate(frames):
            due = began + number / NOISY_HZ
            if due > clock():
                await asyncio.sleep(due - clock())
            await producer.send(topic, frame, device_id.encode())
        await producer.flush()
    finally:
        await producer.stop()


def _single_samples(device_id: str, count: int) -> Iterator[ImuFrame]:
    first = next(Motion(device_id, 1).frames())
    sample = Vector.of(np.zeros((1, 3), np.float32))
    frame = first.model_copy(update={"final": False, "acc": sample, "gyro": sample})
    for seq in range(count):
        changed = {"seq": seq, "t_ns": first.t_ns + seq * NS // NOISY_HZ, "rate": float(NOISY_HZ)}
        yield frame.model_copy(update=changed)


class ManyDevices(Fault):
    """Many devices start at once, beside the fleet."""

    name = f"{_DEVICES:,} devices at once send {_DEVICE_S} s of motion each"

    def __init__(self) -> None:
        self._motions = [Motion(f"many{number}-0", _DEVICE_S) for number in range(_DEVICES)]

    async def strike(self, site: Site) -> None:
        """Send all their frames."""
        await send_motion(site.settings, self._motions)

    async def after(self, site: Site) -> None:
        """Check that each device has a log."""
        await until_logged(site, self._motions, 1_200.0)


class ClockSteps(Fault):
    """A device's clock is set twice, while a worker is killed."""

    name = "a device's clock steps an hour ahead and back, and a worker is killed"
    _calm = Motion("steps-0", 90, ((30, 3_600), (60, -3_570)))

    async def strike(self, site: Site) -> None:
        """Send the device's motion undisturbed, and again while both workers are killed."""
        await send_motion(site.settings, [self._calm])
        await asyncio.sleep(2.0)
        half = replace(self._calm, device_id="again-0")
        sending = asyncio.create_task(send_motion(site.settings, [half]))
        for number in (0, 1):
            site.workers.kill(number)
            site.workers.spawn(number)
        await sending
        await site.workers.ready()

    async def after(self, site: Site) -> None:
        """Compare both logs."""
        await log_of_motion(site, self._calm, replace(self._calm, device_id="again-0"))


class FarBehind(Fault):
    """The workers were down for hours of event time."""

    name = f"workers {_HOURS} hours of a device's frames behind"
    _motion = Motion("behind-0", _HOURS * 3_600)

    async def strike(self, site: Site) -> None:
        """Stop the workers, send, and start the workers."""
        for number in site.workers.numbers:
            await site.workers.terminate(number)
        await send_motion(site.settings, [self._motion])
        for number in (0, 1):
            site.workers.spawn(number)
        await site.workers.ready()

    async def after(self, site: Site) -> None:
        """Check that the log is complete."""
        await until_logged(site, [self._motion], 600.0)


FAULTS: tuple[type[Fault], ...] = (NoisyNeighbour, ManyDevices, ClockSteps, FarBehind)
