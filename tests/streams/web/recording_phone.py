"""A phone's page that records, and the worker that takes its frames."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from aiohttp import web

from schemas import AudioFrame, Frame, ImuFrame
from streams.web.routes import PageSources, install

if TYPE_CHECKING:
    from pathlib import Path

    from infra.daily_log.store import LogStore
    from tests.streams.web.browser import Page

FAKE_MICROPHONE = (
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)
# A phone that lies still and is turned slowly.
MOTION = """setInterval(() => window.dispatchEvent(new DeviceMotionEvent('devicemotion', {
  accelerationIncludingGravity: {x: 0.5, y: -0.25, z: 9.75},
  rotationRate: {alpha: 90, beta: 0, gamma: -45}, interval: 16})), 16)"""


class Worker:
    """An address that takes frames, and may be away."""

    def __init__(self, store: LogStore) -> None:
        self.store = store
        self.port = 0
        self.frames: list[Frame] = []
        self._runner: web.AppRunner | None = None

    async def publish(self, topic: str, frame: Frame) -> None:
        self.frames.append(frame)

    def application(self) -> web.Application:
        application = web.Application()
        install(application, PageSources(lambda: self.store, publish_frame=self.publish))
        return application

    async def start(self) -> None:
        self._runner = web.AppRunner(self.application(), shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def of(self, kind: type[Frame]) -> dict[int, Frame]:
        return {frame.seq: frame for frame in self.frames if isinstance(frame, kind)}


def tone(folder: Path) -> Path:
    """Write what the fake microphone hears."""
    path = folder / "tone.wav"
    seconds = np.arange(20 * 16_000) / 16_000
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * 440 * seconds), 16_000)
    return path


async def recorded(page: Page, worker: Worker, offline_s: float, picture: Path) -> None:
    """Record with a phone's page while its worker is away for some seconds, and end."""
    await worker.start()
    await page.open(f"http://127.0.0.1:{worker.port}/sensor", 390, 844)
    await page.until("document.querySelector('#connection').textContent.startsWith('Conn')")
    await page.value(MOTION)
    await page.value("document.querySelector('#name').value = 'pocket'")
    await page.value("document.querySelector('#start').click()")
    await until(page, lambda: len(worker.of(AudioFrame)) > 2 and len(worker.of(ImuFrame)) > 2)
    state = "document.querySelector('#state').textContent"
    assert str(await page.value(state)).startswith("Recording sound and motion")
    await page.screenshot(picture)
    before = len(worker.frames)
    await worker.stop()
    await page.until("document.querySelector('#connection').textContent.startsWith('Offline')")
    await asyncio.sleep(offline_s)
    waiting = "Number(/([0-9]+) seconds waiting/.exec(document.body.textContent)?.[1] ?? 0)"
    assert await page.until(f"{waiting} >= {round(offline_s)}")
    assert len(worker.frames) == before
    await worker.start()
    await page.until(f"{waiting} < 3")
    await page.value("document.querySelector('#stop').click()")
    for kind in (AudioFrame, ImuFrame):
        await until(page, lambda kind=kind: any(f.final for f in worker.of(kind).values()))


def lost(worker: Worker) -> int:
    """Return how many frames of both streams are missing before the last one."""
    return sum(
        max(worker.of(kind), default=-1) + 1 - len(worker.of(kind))
        for kind in (AudioFrame, ImuFrame)
    )


async def until(page: Page, holds: Any, timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            shown = await page.value("document.body.innerText")
            pytest.fail(f"never true; the page shows:\n{shown}\n{page.complaints}")
        await asyncio.sleep(0.05)
