from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis

from infra import topics
from infra.broker import topic_creation
from infra.broker.device_control import read_controls, write_control
from infra.broker.topic_reader import read_letters
from infra.daily_log.store import LogStore
from infra.device_state.erasure import erase
from schemas import DeviceControl, ImuFrame
from tests.pipeline.motion import motion_frames
from tests.pipeline.running import Worker, settings_for, unique_name

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.conftest import Services


@pytest.mark.timeout(300)
async def test_a_device_is_paused_resumed_and_erased_while_a_worker_runs(
    services: Services, tmp_path: Path
) -> None:
    settings = settings_for(services, tmp_path / "run", unique_name("devices"))
    await topic_creation.create(settings)
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers)
    await producer.start()

    async def send(frames: Iterable[ImuFrame]) -> None:
        for frame in frames:
            await producer.send_and_wait(
                settings.topic(topics.IMU_FRAMES), frame.encode(), key=frame.device_id.encode()
            )

    async def decide(state: str) -> None:
        await write_control(settings, DeviceControl(device_id="a", state=state))  # type: ignore[arg-type]
        worker.wait_until(lambda: worker.output().count(f'device="a" state="{state}"') == 1)

    with Worker(settings) as worker:
        await decide("paused")
        await send(motion_frames("a", 30))
        await send(motion_frames("b", 30))
        worker.wait_until(lambda: worker.counts() == {"b": (1, 6)})
        assert worker.metric("egolog_dropped_messages_total") == len(list(motion_frames("a", 30)))
        await decide("active")
        await send(motion_frames("a", 30))
        worker.wait_until(lambda: worker.counts() == {"a": (1, 6), "b": (1, 6)})
        async with Redis.from_url(settings.redis_url) as redis:
            assert (await erase(settings, redis, "a")).counts["records of the log"] >= 7
            dropped = worker.metric("egolog_dropped_messages_total")
            await send(motion_frames("a", 30))
            worker.wait_until(lambda: worker.metric("egolog_dropped_messages_total") > dropped)
            worker.wait_until(lambda: not worker.metric("egolog_consumer_lag"))
            keys = [key async for key in redis.scan_iter(match=f"{settings.app_id}:*")]
            assert not [key for key in keys if key.endswith(b":a")]
        assert worker.counts() == {"b": (1, 6)}
    await producer.stop()


@pytest.mark.timeout(300)
async def test_a_worker_that_was_frozen_while_a_device_was_erased_writes_nothing_of_it(
    services: Services, tmp_path: Path
) -> None:
    settings = settings_for(services, tmp_path / "run", unique_name("frozen"))
    await topic_creation.create(settings)
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers)
    await producer.start()

    async def send(device: str, seconds: int) -> None:
        # Without a last frame the windows of the last seconds are held.
        for frame in motion_frames(device, seconds):
            await producer.send(
                settings.topic(topics.IMU_FRAMES),
                frame.model_copy(update={"final": False}).encode(),
                key=frame.device_id.encode(),
            )
        await producer.flush()

    with Worker(settings) as worker:
        await send("a", 75)
        worker.wait_until(lambda: worker.counts().get("a", (0, 0))[0] >= 2)
        assert worker.process is not None
        # It has read half a minute more of `a`, and frames that wait in its fetch buffer.
        worker.process.send_signal(signal.SIGSTOP)
        await send("b", 75)
        await send("a", 75)
        try:
            async with Redis.from_url(settings.redis_url) as redis:
                erased = await erase(settings, redis, "a")
                assert erased.counts["records of the log"] > 0
                mark = LogStore(redis, settings.app_id, 30).erasures
                # As `devices resume` does, but while the worker still sleeps.
                [control] = (await read_controls(settings)).values()
                await mark.resume("a", control.erased_ms or 0)
                await write_control(settings, DeviceControl.after(control, "a", state="active"))
                worker.process.send_signal(signal.SIGCONT)
                worker.wait_until(lambda: 'device="a" state="active"' in worker.output())
                worker.wait_until(lambda: worker.counts().get("b", (0, 0))[0] >= 2)
                worker.wait_until(lambda: not worker.metric("egolog_consumer_lag"))
                owner = f"{settings.app_id}:checkpoint"
                keys = [key async for key in redis.scan_iter(match=f"{settings.app_id}:*")]
                of_a = {key.decode() for key in keys if key.endswith(b":a")}
                assert {key for key in of_a if not key.startswith(owner)} <= {
                    # The decision to resume it.
                    f"{settings.app_id}:log:decisions:a"
                }
                assert "a" not in worker.counts()
                # What it sends from now on is logged, with ids of before.
                await send("a", 75)
                worker.wait_until(lambda: worker.counts().get("a", (0, 0))[0] >= 2)
        finally:
            worker.process.send_signal(signal.SIGCONT)
    await producer.stop()


@pytest.mark.timeout(300)
async def test_two_sessions_of_a_device_at_once_are_both_logged_whole(
    services: Services, tmp_path: Path
) -> None:
    settings = settings_for(services, tmp_path / "run", unique_name("sessions"))
    await topic_creation.create(settings)
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers)
    await producer.start()
    with Worker(settings) as worker:
        for frame in motion_frames("a", 120):
            for session in ("s", "t"):
                await producer.send_and_wait(
                    settings.topic(topics.IMU_FRAMES),
                    frame.model_copy(update={"session_id": session}).encode(),
                    key=b"a",
                )
        worker.wait_until(lambda: worker.counts() == {"a": (2 * 4, 2 * 24)})
    await producer.stop()
    assert not await read_letters(settings)
