"""A recording as the frames that a wearable would send."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import merge
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from infra import topics
from models.recordings.protocol import (
    AudioChunk,
    ImuChunk,
    Recording,
    RecordingError,
    position_of,
)
from schemas import AudioFrame, Frame, ImuFrame, Vector
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.position import Position

ChunkT = TypeVar("ChunkT", AudioChunk, ImuChunk)
CHANNELS: tuple[Literal[1, 2, 4], ...] = (1, 2, 4)


@dataclass(frozen=True)
class Identity:
    """The identity under which a recording is replayed; clones have other ids and phases.

    `position` replaces the recording's.
    """

    device_id: str
    session_id: str
    shift_ns: int = 0
    position: Position | None = None


@dataclass(frozen=True)
class TimedFrame:
    """A frame, the topic it goes to and the event time at which a device would send it."""

    due_ns: int
    topic: str
    frame: Frame


def frames(
    recording: Recording, who: Identity, *, frame_s: float = 1.0, start_s: float = 0.0
) -> Iterator[TimedFrame]:
    """Yield a recording's frames of both streams in the order in which they are due.

    Sequence numbers count from the recording's start, so that a replay resumed at a whole frame
    continues them.
    """
    first_seq = round(start_s / frame_s)
    return merge(
        _audio(recording, who, frame_s, start_s, first_seq),
        _imu(recording, who, frame_s, start_s, first_seq),
        key=lambda timed: timed.due_ns,
    )


def _audio(
    recording: Recording, who: Identity, frame_s: float, start_s: float, first_seq: int
) -> Iterator[TimedFrame]:
    rate, channels = recording.sample_rate, recording.channels
    if rate is None or channels is None:
        return
    chunks = recording.audio(frame_s, start_s)
    for seq, (chunk, last) in enumerate(_with_last(chunks), first_seq):
        yield TimedFrame(
            chunk.t_ns + who.shift_ns + len(chunk.samples) * NS // rate,
            topics.AUDIO_FRAMES,
            AudioFrame(
                device_id=who.device_id,
                session_id=who.session_id,
                seq=seq,
                t_ns=chunk.t_ns + who.shift_ns,
                streams=list(recording.streams),
                final=last,
                position=who.position or position_of(recording),
                sample_rate=rate,
                channels=_channels(channels),
                codec="pcm_s16le",
                samples=np.ascontiguousarray(chunk.samples, dtype="<i2").tobytes(),
            ),
        )


def _imu(
    recording: Recording, who: Identity, frame_s: float, start_s: float, first_seq: int
) -> Iterator[TimedFrame]:
    rate = recording.imu_rate
    if rate is None:
        return
    for seq, (chunk, last) in enumerate(_with_last(recording.imu(frame_s, start_s)), first_seq):
        yield TimedFrame(
            chunk.t_ns + who.shift_ns + round(len(chunk.acc) * NS / rate),
            topics.IMU_FRAMES,
            ImuFrame(
                device_id=who.device_id,
                session_id=who.session_id,
                seq=seq,
                t_ns=chunk.t_ns + who.shift_ns,
                streams=list(recording.streams),
                final=last,
                position=who.position or position_of(recording),
                rate=rate,
                acc=Vector.of(chunk.acc),
                gyro=Vector.of(chunk.gyro),
            ),
        )


def _channels(count: int) -> Literal[1, 2, 4]:
    for allowed in CHANNELS:
        if count == allowed:
            return allowed
    raise RecordingError(f"recording has {count} channels; expected 1, 2 or 4")


def _with_last(chunks: Iterator[ChunkT]) -> Iterator[tuple[ChunkT, bool]]:
    """Yield each chunk with whether it is the last."""
    last: ChunkT | None = None
    for chunk in chunks:
        if last is not None:
            yield last, False
        last = chunk
    if last is not None:
        yield last, True
