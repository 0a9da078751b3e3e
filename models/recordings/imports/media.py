"""Sound of M4A, AAC, MP4 and other videos through PyAV, which the extra `media` installs.

Samples are placed by the container's time stamps: sound that begins after the film, or has a hole
in it, is silent there, and what follows keeps its time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from models.recordings.imports.name_times import StartTime, written_time
from models.recordings.protocol import RecordingError
from schemas.event_time import FIRST_NS
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

MEDIA_SUFFIXES = frozenset(
    (
        ".m4a",
        ".m4b",
        ".aac",
        ".mp4",
        ".m4v",
        ".mov",
        ".3gp",
        ".3gpp",
        ".amr",
        ".mka",
        ".mkv",
        ".webm",
        ".wma",
    )
)
_MISSING = (
    "needs PyAV, which is not installed: pip install 'egolog-streams[media]', or convert it to WAV"
)
CREATION_TIME = "creation_time"
# Android's MPEG4Writer takes the time when it writes the header, after the last sample.
_ANDROID = "com.android.version"
_AT_THE_END = f"{CREATION_TIME}, which Android writes at the end"
# Time stamps are whole milliseconds, and a phone's sound drifts against its clock.
_HOLE_S = 0.1


@dataclass(frozen=True)
class OpenedMedia:
    """`read(first, last)` returns (n, channels) in [-1, 1]; reading forwards is fast."""

    rate: int
    channels: int
    frames: int
    read: Callable[[int, int], NDArray[np.float32]] = field(repr=False)
    start: StartTime | None


def open_media(path: Path) -> OpenedMedia:
    """Open the first audio stream; raises `RecordingError` with the reason."""
    av = _av()
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise RecordingError("has no sound track")
            stream = container.streams.audio[0]
            # A stream of an unknown codec has neither rate nor channels.
            if stream.codec_context is None:
                raise RecordingError("has sound of an unknown codec")
            rate, channels = int(stream.rate or 0), int(stream.channels or 0)
            tags = {**container.metadata, **stream.metadata}
            length = None if stream.duration is None else stream.duration * stream.time_base
            if length is None and container.duration is not None:
                length = container.duration / 1_000_000
            # The length of a raw ADTS file is only an estimate.
            if path.suffix.lower() in (".aac", ".amr") or not length:
                length = None
            start = written_time(tags.get(CREATION_TIME) or tags.get("date") or "", CREATION_TIME)
            late_s = _late_s(stream, container) if stream.duration is not None else 0.0
    except (av.FFmpegError, OSError, ValueError) as error:
        if isinstance(error, RecordingError):
            raise
        raise RecordingError(f"cannot be read as sound: {_brief(error)}") from error
    frames = None if length is None else int((float(length) + late_s) * rate)
    decoder = _Decoder(path, av, channels, rate, frames)
    frames = decoder.count() if frames is None else frames
    if start is not None and start.time_ns < FIRST_NS:
        start = None  # a clock that was never set
    if start is not None and tags.get(CREATION_TIME) and _ANDROID in tags:
        start = replace(start, time_ns=start.time_ns - frames * NS // rate, source=_AT_THE_END)
    return OpenedMedia(rate, channels, frames, decoder.read, start)


def _late_s(stream: Any, container: Any) -> float:
    """Return by how many seconds the sound begins after the film; 0 for less than a hole."""
    if stream.start_time is None or container.start_time is None:
        return 0.0
    late_s = float(stream.start_time * stream.time_base) - container.start_time / 1_000_000
    return late_s if late_s > _HOLE_S else 0.0


def _av() -> Any:
    try:
        import av
    except ImportError as error:
        raise RecordingError(_MISSING) from error
    return av


def _brief(error: Exception) -> str:
    text = str(getattr(error, "strerror", None) or error).split("\n")[0]
    return f"{text[:1].lower()}{text[1:]}"[:200]


class _Decoder:
    """Decodes forwards; a step back of more than 4 s restarts at the file's beginning.

    A seek would be faster, but the time of the packet is only known to some milliseconds. Holes are
    filled with silence up to the container's length, `frames`; without one, time stamps are
    reckoned from the samples and have none.
    """

    def __init__(self, path: Path, av: Any, channels: int, rate: int, frames: int | None) -> None:
        self._path, self._av, self._channels = path, av, channels
        self._rate, self._frames, self._keep = rate, frames, 4 * rate
        self._nothing = np.empty((0, channels), np.float32)
        self._parts: Iterator[NDArray[np.float32]] = iter(())
        self._held: NDArray[np.float32] | None = None
        self._at = 0

    def count(self) -> int:
        """Return the number of samples, by decoding all of them."""
        return sum(len(part) for part in self._decode())

    def read(self, first: int, last: int) -> NDArray[np.float32]:
        """Return samples [first, last), fewer where the file ends."""
        if self._held is None or first < self._at:
            self._parts, self._at = self._decode(), 0
            self._held = next(self._parts, self._nothing)
        parts = [self._held]
        end = self._at + len(self._held)
        while end < last:
            if end <= first:
                parts, self._at = [], end
            part = next(self._parts, None)
            if part is None:
                break
            parts.append(part)
            end += len(part)
        self._held = np.concatenate(parts) if parts else self._nothing
        wanted = self._held[max(first - self._at, 0) : max(last - self._at, 0)]
        drop = min(max(last - self._keep - self._at, 0), len(self._held))
        self._held, self._at = self._held[drop:], self._at + drop
        return wanted

    def _decode(self) -> Iterator[NDArray[np.float32]]:
        av = self._av
        try:
            with av.open(str(self._path)) as container:
                stream = container.streams.audio[0]
                planar = av.AudioResampler(format="fltp", layout=stream.layout, rate=stream.rate)
                begin_s = (container.start_time or 0) / 1_000_000
                given = 0
                for frame in container.decode(stream):
                    for silence in self._hole(frame.time, begin_s, given):
                        given += len(silence)
                        yield silence
                    for part in planar.resample(frame):
                        samples = self._samples(part)
                        given += len(samples)
                        yield samples
        except (av.FFmpegError, OSError) as error:
            raise RecordingError(f"breaks off: {_brief(error)}") from error

    def _hole(
        self, time_s: float | None, begin_s: float, given: int
    ) -> Iterator[NDArray[np.float32]]:
        """Yield the silence between `given` samples and a frame at `time_s`, a second at a time."""
        if time_s is None or self._frames is None:
            return
        due = round((time_s - begin_s) * self._rate)
        if due - given <= _HOLE_S * self._rate:
            return
        for first in range(given, min(due, self._frames), self._rate):
            length = min(self._rate, due - first, self._frames - first)
            yield np.zeros((length, self._channels), np.float32)

    def _samples(self, part: Any) -> NDArray[np.float32]:
        samples = np.asarray(part.to_ndarray().T, np.float32)
        if samples.shape[1] != self._channels:
            raise RecordingError(
                f"breaks off: {samples.shape[1]} channels follow on {self._channels}"
            )
        return samples
