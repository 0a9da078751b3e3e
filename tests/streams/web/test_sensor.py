"""A phone's page in a real Chromium with a fake microphone, against a worker's address."""

from __future__ import annotations

import json
import struct
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from aiohttp import WSCloseCode, WSServerHandshakeError, web
from aiohttp.test_utils import TestClient, TestServer

from infra.errors import BrokerError
from schemas import AudioFrame, ImuFrame
from streams.web.sensor import SensorViews, frame_of, parted
from tests.streams.web.axe import axe_file, complaints_of
from tests.streams.web.browser import chromium, tab
from tests.streams.web.recording_phone import FAKE_MICROPHONE, Worker, lost, recorded, tone, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from infra.daily_log.store import LogStore

PATH = "/api/v1/sensor"
NOW_NS = 1_772_438_400 * 10**9
OFFLINE_S = 4.0


def message(samples: bytes, **changed: Any) -> bytes:
    head = {
        "kind": "audio",
        "device": "phone",
        "session": "s",
        "seq": 0,
        "t_ms": NOW_NS / 1e6,
        "rate": 16_000,
        "streams": ["audio"],
        **changed,
    }
    text = json.dumps(head).encode()
    return struct.pack("<I", len(text)) + text + samples


def test_sound_and_motion_become_frames() -> None:
    topic, audio = frame_of(*parted(message(b"\1\0\2\0" * 4, channels=2, position="ear")), NOW_NS)
    assert topic == "audio.frames"
    assert isinstance(audio, AudioFrame)
    assert (audio.channels, audio.sample_rate, audio.t_ns) == (2, 16_000, NOW_NS)
    assert audio.position == "ear"
    rows = np.arange(12, dtype="<f4").reshape(2, 6)
    motion = message(rows.tobytes(), kind="imu", rate=50, streams=["imu", "audio"], seq=7)
    topic, imu = frame_of(*parted(motion), NOW_NS)
    assert topic == "imu.frames"
    assert isinstance(imu, ImuFrame)
    assert np.array_equal(imu.gyro.array(), rows[:, 3:])
    assert (imu.seq, imu.rate) == (7, 50.0)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "message has 0 bytes"),
        (struct.pack("<I", 99) + b"{}", "head has 99 bytes"),
        (struct.pack("<I", 2) + b"{}", "kind: field required"),
        (message(b"\0\0", kind="smell"), "kind: input should be"),
        (message(b"\0"), "multiple of 2"),
        (message(b"\0\0", position="hat"), "position: input should be"),
        (message(b"", device="a b"), "device_id"),
        (message(b"\0" * 30, kind="imu"), "rows of 24"),
        (message(b"\0\0", t_ms=0), "before 2000"),
        (message(b"\0\0", t_ms=NOW_NS), "in the future"),
        (message(b"\0" * 40_000), "at most 1 s"),
    ],
)
def test_what_is_no_frame_is_refused_in_one_line(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        frame_of(*parted(data), NOW_NS)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.fixture
async def worker(store: LogStore) -> AsyncIterator[Worker]:
    serving = Worker(store)
    yield serving
    await serving.stop()


async def test_a_frame_is_confirmed_once_it_is_published_and_a_bad_one_refused(
    worker: Worker,
) -> None:
    async with TestClient(TestServer(worker.application())) as client:
        async with client.ws_connect(PATH) as socket:
            await socket.send_bytes(message(b"\0\0", seq=3))
            assert await socket.receive_json() == {"ack": ["audio", 3]}
            await socket.send_bytes(message(b"\0", seq=4))
            kind, seq, why = (await socket.receive_json())["refused"]
            assert (kind, seq) == ("audio", 4)
            assert "multiple" in why
            await socket.send_json({"ping": 12})
            answered = await socket.receive_json()
            assert answered["pong"] == 12
            assert abs(answered["at"] - time.time() * 1e3) < 60_000
        assert [frame.seq for frame in worker.frames] == [3]
        with pytest.raises(WSServerHandshakeError) as refused:
            await client.ws_connect(PATH, headers={"Origin": "https://evil.example"})
        assert refused.value.status == 403
        async with client.get(PATH) as answer:
            assert answer.status == 426


async def test_a_broker_that_refuses_frames_closes_the_socket_and_is_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def denied(topic: str, frame: object) -> None:
        raise BrokerError("broker at k denies User:w Write on topic audio.frames")

    application = web.Application()
    application.add_routes([web.get(PATH, SensorViews(denied).connect)])
    async with TestClient(TestServer(application)) as client:
        for _ in range(2):
            async with client.ws_connect(PATH) as socket:
                await socket.send_bytes(message(b"\0\0", seq=3))
                assert (await socket.receive()).data == WSCloseCode.INTERNAL_ERROR
    assert caplog.messages == ["broker at k denies User:w Write on topic audio.frames"]


@pytest.fixture(scope="module")
def devtools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    path = tone(tmp_path_factory.mktemp("microphone"))
    with chromium(*FAKE_MICROPHONE, f"--use-file-for-fake-audio-capture={path}") as port:
        yield port


async def test_a_phone_that_was_offline_loses_nothing(
    devtools: int, worker: Worker, tmp_path: Path
) -> None:
    async with tab(devtools) as page:
        await recorded(page, worker, OFFLINE_S, tmp_path / "sensor.png")
        # A worker that is away is an error of the network to the browser, and none of the page.
        complaints = [each for each in page.complaints if "ERR_CONNECTION" not in each]
        assert complaints == []
    assert lost(worker) == 0
    for kind in (AudioFrame, ImuFrame):
        frames = worker.of(kind)
        times = [frames[seq].t_ns for seq in sorted(frames)]
        assert times == sorted(times)
        assert {frame.device_id for frame in frames.values()} == {"pocket"}
    audio = [frame for frame in worker.of(AudioFrame).values() if isinstance(frame, AudioFrame)]
    samples = np.concatenate([np.frombuffer(f.samples, "<i2") for f in audio if not f.final])
    assert np.abs(samples).max() > 2_000
    moved = worker.of(ImuFrame)[0]
    assert isinstance(moved, ImuFrame)
    assert np.allclose(moved.acc.array(), [0.5, -0.25, 9.75])
    assert np.allclose(moved.gyro.array(), np.deg2rad([0, -45, 90]), atol=1e-5)


async def test_axe_finds_nothing_wrong_while_a_phone_records_or_pauses(
    devtools: int, worker: Worker
) -> None:
    pytest.importorskip("axe_core_python")
    await worker.start()
    async with tab(devtools) as page:
        await page.open(f"http://127.0.0.1:{worker.port}/sensor", 390, 844)
        await page.until("document.querySelector('#connection').textContent.startsWith('Conn')")
        await page.value("document.querySelector('#start').click()")
        await until(page, lambda: worker.of(AudioFrame))
        assert await complaints_of(page, axe_file()) == []
        await page.value("document.querySelector('#pause').click()")
        await page.until("document.querySelector('#state').textContent.startsWith('Paused')")
        assert await complaints_of(page, axe_file()) == []
        await page.value("document.querySelector('#stop').click()")


async def test_two_quick_taps_open_one_microphone_and_close_it(
    devtools: int, worker: Worker
) -> None:
    await worker.start()
    async with tab(devtools) as page:
        await page.open(f"http://127.0.0.1:{worker.port}/sensor", 390, 844)
        await page.until("document.querySelector('#connection').textContent.startsWith('Conn')")
        await page.value(
            """window.opened = [];
               const {mediaDevices} = navigator;
               const open = mediaDevices.getUserMedia.bind(mediaDevices);
               mediaDevices.getUserMedia = async (what) => {
                 const media = await open(what);
                 opened.push(...media.getTracks());
                 return media;
               }; 0"""
        )
        twice = "for (let n = 0; n < 2; n += 1)"
        await page.value(f"{twice} document.querySelector('#start').click()")
        await until(page, lambda: worker.of(AudioFrame))
        await page.until("document.querySelector('#stop').checkVisibility()")
        await page.value(f"{twice} document.querySelector('#stop').click()")
        await page.until("document.querySelector('#start').checkVisibility()")
        assert await page.value("opened.map(({readyState}) => readyState)") == ["ended"]
        assert page.complaints == []


LEAVES = """(() => {
  const leaving = new Event('beforeunload', { cancelable: true });
  window.dispatchEvent(leaving);
  return !leaving.defaultPrevented;
})()"""


async def test_the_browser_asks_before_it_leaves_a_recording(devtools: int, worker: Worker) -> None:
    await worker.start()
    async with tab(devtools) as page:
        await page.open(f"http://127.0.0.1:{worker.port}/sensor", 390, 844)
        await page.until("document.querySelector('#connection').textContent.startsWith('Conn')")
        assert await page.value(LEAVES)
        await page.value("document.querySelector('#start').click()")
        await page.until("document.querySelector('#stop').checkVisibility()")
        assert not await page.value(LEAVES)
        await page.value("document.querySelector('#stop').click()")
        await page.until("document.querySelector('#start').checkVisibility()")
        assert await page.value(LEAVES)
