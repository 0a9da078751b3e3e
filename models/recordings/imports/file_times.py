"""The start of a sound file from its metadata, for names without a time.

Supported are a WAV's `bext` chunk (broadcast wave), AudioMoth's comment, GUANO's time stamp, and
the date tags of WAV, FLAC, Ogg and MP3.
"""

from __future__ import annotations

import re
import struct
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import soundfile

from models.recordings.imports.name_times import StartTime, written_time
from schemas.event_time import FIRST_NS
from schemas.frames import NS

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK_MAX = 65_536  # maximum length that is read of a text chunk
_CHUNKS_MAX = 64
_AUDIOMOTH = re.compile(
    r"Recorded at (\d\d):(\d\d):(\d\d)(?:\.(\d{3}))? (\d\d)/(\d\d)/(\d{4}) "
    r"\(UTC(?:([+-])(\d{1,2})(?::(\d\d))?)?\)"
)
_GUANO = re.compile(r"^Timestamp: *(\S.*)$", re.MULTILINE)


def metadata_time(path: Path) -> StartTime | None:
    """Return the start by the file's metadata, or None.

    A date before 2000 is from a clock that was never set, and is ignored.
    """
    for time in _times(path):
        if time is not None and time.time_ns >= FIRST_NS:
            return time
    return None


def _times(path: Path) -> list[StartTime | None]:
    chunks = _riff_chunks(path)
    times = [_audiomoth(text) for text in (chunks.get("LIST", b"").decode("latin-1"),)]
    guano = _GUANO.search(chunks.get("guan", b"").decode("utf-8", errors="replace"))
    if guano is not None:
        times.append(written_time(guano[1], "GUANO chunk"))
    if "bext" in chunks:
        times.append(_bext(chunks["bext"], chunks.get("fmt ", b"")))
    try:
        with soundfile.SoundFile(path) as file:
            comment, date = str(file.comment or ""), str(file.date or "")
    except (soundfile.LibsndfileError, OSError, AttributeError):
        return times
    return [*times, _audiomoth(comment), written_time(date, "date tag")]


def _audiomoth(comment: str) -> StartTime | None:
    match = _AUDIOMOTH.search(comment)
    if match is None:
        return None
    hour, minute, second, millis, day, month, year, sign, hours, minutes = match.groups()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    try:
        moment = datetime(
            int(year),
            int(month),
            int(day),
            int(hour),
            int(minute),
            int(second),
            tzinfo=timezone(-offset if sign == "-" else offset),
        )
    except ValueError:
        return None
    seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    return StartTime(seconds * NS + int(millis or 0) * 1_000_000, True, "AudioMoth's comment")


def _bext(chunk: bytes, form: bytes) -> StartTime | None:
    """EBU Tech 3285: date and time at 320, samples since midnight at 338."""
    if len(chunk) < 346:
        return None
    date = chunk[320:330].decode("latin-1").replace("\0", " ").strip()
    clock = chunk[330:338].decode("latin-1").replace("\0", " ").strip()
    date = re.sub(r"[-_:. /]", "-", date)
    written = written_time(f"{date}T{clock or '00:00:00'}", "bext chunk")
    if written is None or len(form) < 8:
        return written
    rate = struct.unpack_from("<I", form, 4)[0]
    since_midnight = struct.unpack_from("<Q", chunk, 338)[0]
    if not rate or not since_midnight or since_midnight >= 86_400 * rate:
        return written
    # The samples are exact; the text has whole seconds and may be the time of the file.
    midnight = written.time_ns - written.time_ns % (86_400 * NS)
    exact = midnight + since_midnight * NS // rate
    return (
        StartTime(exact, False, "bext chunk") if abs(exact - written.time_ns) < 2 * NS else written
    )


def _riff_chunks(path: Path) -> dict[str, bytes]:
    """Return the small chunks of a WAV by name, their first 64 KiB; {} for anything else."""
    chunks: dict[str, bytes] = {}
    try:
        with path.open("rb") as file:
            head = file.read(12)
            if head[:4] not in (b"RIFF", b"RF64") or head[8:12] != b"WAVE":
                return {}
            for _ in range(_CHUNKS_MAX):
                header = file.read(8)
                if len(header) < 8:
                    break
                name, size = struct.unpack("<4sI", header)
                body = b"" if name == b"data" else file.read(min(size, _CHUNK_MAX))
                chunks.setdefault(name.decode("latin-1"), body)
                file.seek(size - len(body) + size % 2, 1)
    except OSError:
        return chunks
    return chunks
