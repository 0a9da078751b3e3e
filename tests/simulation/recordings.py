"""The frames of simulated wearers, in complete and broken sessions, by topic and partition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from infra import topics
from schemas import AudioFrame, ImuFrame, Vector
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from numpy.typing import NDArray

    from schemas import Modality

PARTITIONS = 2
DEVICES = 2
_RATE, _IMU_RATE = 8_000, 50.0
_THINNED = 400
_BANDS = 12
_T0 = 1_772_438_400 * NS
CLOCK_NS = _T0 + 86_400 * NS
# Sound and motion of all wearers; every second is different.
_NOISE = np.random.default_rng(0).integers(-9_000, 9_000, (_RATE, 1), dtype=np.int16)

Tp = tuple[str, int]


class Sketch:
    """Cheap features: a few of the samples themselves."""

    def audio(
        self, samples: NDArray[np.float32], rate: int, mask: NDArray[np.bool_]
    ) -> Mapping[str, NDArray[Any]]:
        """Return every four-hundredth sample, and maps that depend on it."""
        del rate, mask
        thinned = samples[:, ::_THINNED]
        level = np.repeat(np.abs(thinned[0, :, None]), _BANDS, axis=1)
        maps = np.stack([level + 8, level[::-1] * 2 + 8, np.ones_like(level)])
        return {"maps": maps, "mel": thinned.T}

    def imu(
        self,
        values: NDArray[np.float32],
        rate: float,
        mask: NDArray[np.bool_],
        *,
        first_s: float,
        seconds: float,
    ) -> Mapping[str, NDArray[Any]]:
        """Return the samples."""
        del rate, mask, first_s, seconds
        return {"imu": values}


def recordings(chance: Random) -> dict[Tp, list[AudioFrame | ImuFrame]]:
    """Return the frames of a few wearers by topic and partition."""
    partitions: dict[Tp, list[AudioFrame | ImuFrame]] = {
        (topic, number): []
        for topic in (topics.AUDIO_FRAMES, topics.IMU_FRAMES)
        for number in range(PARTITIONS)
    }
    for device in range(DEVICES):
        start_s = chance.randrange(60)
        for session in range(chance.choice((1, 1, 1, 2))):
            length_s = chance.randint(8, 14)
            for frame in _session(chance, f"d{device}", f"s{session}", start_s, length_s):
                topic = topics.AUDIO_FRAMES if isinstance(frame, AudioFrame) else topics.IMU_FRAMES
                partitions[topic, device % PARTITIONS].append(frame)
            start_s += length_s + chance.randrange(20)
    return partitions


def with_duplicates(
    frames: Mapping[Tp, list[AudioFrame | ImuFrame]], chance: Random
) -> dict[Tp, list[AudioFrame | ImuFrame]]:
    """Return the frames as sent by a producer that repeats unacknowledged ones."""
    repeated: dict[Tp, list[AudioFrame | ImuFrame]] = {}
    for tp, each in frames.items():
        repeated[tp] = []
        for frame in each:
            repeated[tp] += [frame] * (2 if chance.random() < 0.08 else 1)
    return repeated


def _session(
    chance: Random, device: str, session: str, start_s: int, length_s: int
) -> list[AudioFrame | ImuFrame]:
    streams: list[Modality] = ["imu"] if chance.random() < 0.2 else ["audio", "imu"]
    begin_ns = _T0 + start_s * NS + chance.randrange(4) * NS // 4
    # A stream may end without a final frame, and some of its frames may be lost.
    speaks_last = {stream: chance.random() < 0.7 for stream in streams}
    ends_s = {stream: length_s - chance.choice((0, 0, 0, 3)) for stream in streams}
    frames: list[AudioFrame | ImuFrame] = []
    for second in range(length_s):
        for stream in streams:
            final = speaks_last[stream] and second == ends_s[stream] - 1
            lost = chance.random() < 0.03 and second > 0 and not final
            if second < ends_s[stream] and not lost:
                frame = _audio if stream == "audio" else _imu
                frames.append(
                    frame(device, session, streams, second, begin_ns + second * NS, final=final)
                )
    return frames


def _audio(
    device: str, session: str, streams: list[Modality], seq: int, t_ns: int, *, final: bool
) -> AudioFrame:
    samples = np.roll(_NOISE, 7 * seq + hash_of(device, session))
    return AudioFrame(
        device_id=device,
        session_id=session,
        seq=seq,
        t_ns=t_ns,
        streams=streams,
        final=final,
        sample_rate=_RATE,
        channels=1,
        codec="pcm_s16le",
        samples=samples.tobytes(),
    )


def _imu(
    device: str, session: str, streams: list[Modality], seq: int, t_ns: int, *, final: bool
) -> ImuFrame:
    t_s = seq + np.arange(int(_IMU_RATE)) / _IMU_RATE
    # Steps, so that `upright` is learned; the device's orientation changes slowly.
    up = 9.81 + 2.5 * np.sin(2 * np.pi * 1.8 * t_s)
    tilt = 0.05 * seq + hash_of(device, session)
    acc = np.stack([up * np.sin(tilt), up * np.cos(tilt), 0 * up], axis=1)
    return ImuFrame(
        device_id=device,
        session_id=session,
        seq=seq,
        t_ns=t_ns,
        streams=streams,
        final=final,
        rate=_IMU_RATE,
        acc=Vector.of(acc),
        gyro=Vector.of(np.zeros_like(acc)),
    )


def hash_of(device: str, session: str) -> int:
    """Return a small number that differs between sessions."""
    return 31 * int(device[1:]) + int(session[1:])
