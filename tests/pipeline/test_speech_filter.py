"""A worker that filters speech, and hears real speech."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from aiokafka import AIOKafkaProducer

from infra import topics
from infra.broker import topic_creation
from schemas import AudioFrame
from schemas.frames import NS
from tests.pipeline.log import log_content
from tests.pipeline.motion import START_NS, motion_frames
from tests.pipeline.running import Worker, settings_for, unique_name
from tests.shared_data import shared_data

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.conftest import Services

RATE = 16_000
HALF_MINUTE_S = 30


def half_a_minute_of_speech() -> NDArray[np.int16]:
    """Return what somebody says, (480000,): digits with pauses."""
    files = sorted((shared_data() / "audio" / "speech_digits_16k").glob("*.ogg"))
    if not files:
        pytest.skip("no speech in audio/speech_digits_16k")
    said: list[NDArray[Any]] = [soundfile.read(path, dtype="int16")[0] for path in files]
    return np.concatenate(said)[: HALF_MINUTE_S * RATE]


def half_a_minute_of_hum() -> NDArray[np.int16]:
    """Return the hum of a mains supply under a little noise, (480000,)."""
    at = np.arange(HALF_MINUTE_S * RATE)
    noise = np.random.default_rng(0).normal(0, 20, len(at))
    return np.round(200 * np.sin(2 * np.pi * 50 * at / RATE) + noise).astype(np.int16)


def audio_frames(device_id: str, sound: NDArray[np.int16]) -> Iterator[AudioFrame]:
    """Yield frames of a second of `sound` (n,), at both microphones alike."""
    seconds = len(sound) // RATE
    for second in range(seconds):
        samples = sound[second * RATE : (second + 1) * RATE]
        yield AudioFrame(
            device_id=device_id,
            session_id="s",
            seq=second,
            t_ns=START_NS + second * NS,
            final=second == seconds - 1,
            sample_rate=RATE,
            channels=2,
            codec="pcm_s16le",
            samples=np.repeat(samples, 2).astype("<i2").tobytes(),
        )


@pytest.mark.pipeline
@pytest.mark.timeout(300)
async def test_windows_with_real_speech_are_dropped_and_those_without_are_logged(
    services: Services, tmp_path: Path
) -> None:
    settings = settings_for(
        services,
        tmp_path / "run",
        unique_name("speech"),
        speech_filter="drop-window",
        speech_detector="silero",
    )
    sound = np.concatenate([half_a_minute_of_speech(), half_a_minute_of_hum()])
    await topic_creation.create(settings)
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers)
    await producer.start()
    with Worker(settings) as worker:
        motion = [
            frame.model_copy(update={"streams": ["audio", "imu"]})
            for frame in motion_frames("talker", 2 * HALF_MINUTE_S)
        ]
        for topic, frames in (
            (topics.IMU_FRAMES, motion),
            (topics.AUDIO_FRAMES, audio_frames("talker", sound)),
        ):
            for frame in frames:
                await producer.send_and_wait(settings.topic(topic), frame.encode(), key=b"talker")
        # All of the second half minute, and nothing of the first.
        worker.wait_until(lambda: worker.counts().get("talker") == (1, 6))
        assert worker.metric("egolog_speech_filtered_total") >= 7
        assert not worker.metric("egolog_dead_letters_total")
    await producer.stop()
    [rows] = (await log_content(settings)).values()
    assert {row["start_ns"] >= START_NS + HALF_MINUTE_S * NS for row in rows} == {True}
