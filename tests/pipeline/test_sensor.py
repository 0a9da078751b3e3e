"""A phone's browser as a device, all the way: what it hears is recognised on its own page."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from infra import topics
from infra.broker import topic_creation
from infra.broker.topic_reader import read_all, read_letters
from models.labels import ACTIVITIES
from schemas import AudioFrame, ImuFrame
from streams.producers.recordings import open_recordings
from tests.pipeline.running import WAIT_S, Worker, settings_for, unique_name
from tests.streams.web.browser import chromium, tab

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Services
    from tests.streams.web.browser import Page

OFFLINE_S = 10.0
# The rows of a recording, in real time and over again.
MOVES = """const rows = %s; let next = 0; setInterval(() => {
  const [x, y, z, beta, gamma, alpha] = rows[next]; next = (next + 1) %% rows.length;
  window.dispatchEvent(new DeviceMotionEvent('devicemotion', {
    accelerationIncludingGravity: {x, y, z}, rotationRate: {alpha, beta, gamma}, interval: 20}));
}, 20)"""
CONNECTED = "document.querySelector('#connection').textContent.startsWith('Connected')"
RECOGNISED = "document.querySelector('#recognised').textContent"


def simulate_sensors(path: Path) -> str:
    """Write what a simulated wearer hears for a microphone, and return how they move, as script."""
    [recording] = open_recordings("simulated:14:1")
    sound = np.concatenate([chunk.samples for chunk in recording.audio(1.0)])
    soundfile.write(path, sound, recording.sample_rate)
    rows = np.concatenate([np.hstack([c.acc, np.rad2deg(c.gyro)]) for c in recording.imu(1.0)])
    assert recording.imu_rate == 50
    return MOVES % json.dumps(rows.round(3).tolist())


async def wait_for_text(page: Page, worker: Worker, expression: str) -> str:
    """Wait for what the page says; a failure tells how the worker is too."""
    try:
        return str(await page.until(expression, WAIT_S))
    except pytest.fail.Exception as error:
        error.add_note(worker.state())
        raise


@pytest.mark.pipeline
@pytest.mark.timeout(900)
async def test_what_a_phone_hears_is_recognised_and_nothing_of_it_is_lost_offline(
    services: Services, tmp_path: Path
) -> None:
    settings = settings_for(services, tmp_path / "run", unique_name("sensor"), keep_features_h=1)
    await topic_creation.create(settings)
    microphone = tmp_path / "microphone.wav"
    motion = simulate_sensors(microphone)
    with (
        Worker(settings) as worker,
        chromium(
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            "--autoplay-policy=no-user-gesture-required",
            f"--use-file-for-fake-audio-capture={microphone}",
        ) as port,
    ):
        async with tab(port) as page:
            await page.open(f"{worker.url}/sensor", 390, 844)
            await wait_for_text(page, worker, CONNECTED)
            await page.value(f"{motion};0")
            await page.value("document.querySelector('#name').value = 'pocket'")
            await page.value("document.querySelector('#start').click()")
            await wait_for_text(page, worker, f"{RECOGNISED} !== 'Nothing yet' && {RECOGNISED}")
            # Its worker goes, and comes back at the same address.
            await asyncio.to_thread(worker.stop)
            await wait_for_text(page, worker, f"!{CONNECTED}")
            await asyncio.sleep(OFFLINE_S)
            await asyncio.to_thread(worker.start)
            await wait_for_text(
                page, worker, f"{CONNECTED} && !document.body.textContent.includes('waiting')"
            )
            await wait_for_text(page, worker, f"{RECOGNISED}.includes('(') && {RECOGNISED}")
            await page.value("document.querySelector('#stop').click()")
            await page.open(f"{worker.url}/?device=pocket", 390, 844)
            await wait_for_text(page, worker, "document.querySelectorAll('#bars li').length > 0")
            [summary] = worker.get("/api/devices").json()
            at = f"/api/v1/window?device=pocket&at={summary['first_ns']}"
            looked_at = worker.get(at).json()["scenario"]
            named_on_page = set(await page.texts(".bar-name"))
            await page.screenshot(tmp_path / "pocket.png")
    assert looked_at["picture"]["bands"] == 32
    assert len(looked_at["moved"]["turning"]) == 300
    assert named_on_page
    # By the closed set, or by a description of it.
    assert named_on_page & set(ACTIVITIES)
    for topic, kind in ((topics.AUDIO_FRAMES, AudioFrame), (topics.IMU_FRAMES, ImuFrame)):
        numbers = {frame.seq for frame in await read_all(settings, topic, kind)}
        assert numbers == set(range(max(numbers) + 1))
        assert len(numbers) > OFFLINE_S + 30
    assert not await read_letters(settings)
