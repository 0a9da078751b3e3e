"""The frames of a fleet, whose wearers hear one recording from different samples on.

A worker caches what it computed from a second of sound by its content. If two wearers heard the
same, or one wearer heard it in two rounds, the second would cost nothing, unlike in reality.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import merge
from typing import TYPE_CHECKING
from zlib import crc32

from schemas import AudioFrame
from schemas.frames import NS
from streams.producers.frames import Identity, frames

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.load.recording import ArrayRecording
    from schemas import Frame


@dataclass(frozen=True)
class Fleet:
    """`count` wearers whose sessions all begin at the same event time, on a window's border.

    Fleets with the same `sound_seed` hear the same, whatever their names. With `unaligned` their
    frames are sent with offsets spread over thirty seconds, as by devices switched on at different
    times: the windows are the same, but close at different times.
    """

    name: str
    count: int
    recording: ArrayRecording
    unaligned: bool = False
    sound_seed: str | None = None

    @property
    def devices(self) -> list[str]:
        """Device ids."""
        return [f"{self.name}-{number}" for number in range(self.count)]

    @property
    def wearer_seconds(self) -> float:
        """Total event time of all wearers, s."""
        return self.count * self.recording.duration_s

    def windows(self, length_s: int) -> int:
        """Return the number of windows of this length in all sessions."""
        return self.count * -(-int(self.recording.duration_s) // length_s)

    def delay_s(self, number: int) -> float:
        """Return the offset of this wearer's frames from the first wearer's, s."""
        return 30.0 * number / self.count if self.unaligned else 0.0


@dataclass(frozen=True)
class Outgoing:
    """A frame, and when to send it: seconds after the first wearer's first sample."""

    due_s: float
    topic: str
    frame: Frame


def outgoing(fleet: Fleet) -> Iterator[Outgoing]:
    """Yield the frames of all wearers in the order of sending."""
    recording = fleet.recording
    start_ns = recording.start_ns
    once = list(frames(recording, Identity("bench", fleet.name)))
    sound = recording.samples.tobytes() * 2

    def of(number: int, device: str) -> Iterator[Outgoing]:
        sound_seed = fleet.sound_seed or fleet.name
        offset = first_sample(f"{sound_seed} {sound_seed}-{number}", len(recording.samples))
        for timed in once:
            due_s = (timed.due_ns - start_ns) / NS + fleet.delay_s(number)
            yield Outgoing(due_s, timed.topic, _as(timed.frame, device, sound, offset))

    streams = (of(number, device) for number, device in enumerate(fleet.devices))
    return merge(*streams, key=lambda sent: sent.due_s)


def first_sample(who: str, length: int) -> int:
    """Return the index of the first sample that `who` hears, of `length` samples."""
    return crc32(who.encode()) % length


def _as(frame: Frame, device: str, sound: bytes, offset: int) -> Frame:
    own: dict[str, object] = {"device_id": device}
    if isinstance(frame, AudioFrame):
        width = 2 * frame.channels
        # Frames of one second, numbered from 0.
        begin = (frame.seq * frame.sample_rate + offset) * width % (len(sound) // 2)
        own["samples"] = sound[begin : begin + len(frame.samples)]
    return frame.model_copy(update=own)
