"""Sound of M4A, AAC, MP4 and other videos through PyAV, which the extra `media` installs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from models.recordings.imports.name_times import StartTime, written_time
from models.recordings.protocol import RecordingError

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
            wanted = tags.get("creation_time") or tags.get("date") or ""
    except (av.FFmpegError, OSError, ValueError) as error:
        if isinstance(error, RecordingError):
            raise
        raise RecordingError(f"cannot be read as sound: {_brief(error)}") from error
    decoder = _Decoder(path, av, channels, keep=4 * rate)
    frames = decoder.count() if length is None else int(float(length) * rate)
    return OpenedMedia(rate, channels, frames, decoder.read, written_time(wanted, "creation_time"))


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
    """Decodes forwards; a step back of more than `keep` samples restarts at the file's beginning.

    A seek would be faster, but the time of the packet is only known to some milliseconds.
    """

    def __init__(self, path: Path, av: Any, channels: int, keep: int) -> None:
        self._path, self._av, self._channels, self._keep = path, av, channels, keep
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
                for frame in container.decode(stream):
                    for part in planar.resample(frame):
                        yield self._samples(part)
        except (av.FFmpegError, OSError) as error:
            raise RecordingError(f"breaks off: {_brief(error)}") from error

    def _samples(self, part: Any) -> NDArray[np.float32]:
        samples = np.asarray(part.to_ndarray().T, np.float32)
        if samples.shape[1] != self._channels:
            raise RecordingError(
                f"breaks off: {samples.shape[1]} channels follow on {self._channels}"
            )
        return samples
