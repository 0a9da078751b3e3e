from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
import soundfile

from models.recordings.imports.file_times import metadata_time
from models.recordings.imports.importing import open_import
from schemas.event_time import iso
from tests.models.recordings.imports.sounds import MARCH_NS, NOW_NS, sound, tone

if TYPE_CHECKING:
    from pathlib import Path


def with_chunk(path: Path, name: bytes, body: bytes) -> Path:
    """Add a chunk between the format and the data of a WAV."""
    data = sound(path, 1, 16_000).read_bytes()
    chunk = struct.pack("<4sI", name, len(body)) + body + bytes(len(body) % 2)
    size = struct.pack("<I", len(data) - 8 + len(chunk))
    path.write_bytes(data[:4] + size + data[8:36] + chunk + data[36:])
    return path


def bext(date: str, clock: str, since_midnight: int = 0) -> bytes:
    head = bytes(320) + date.encode() + clock.encode()
    return head + struct.pack("<Q", since_midnight) + bytes(256)


def comment(text: str) -> bytes:
    body = text.encode() + b"\0"
    return b"INFO" + struct.pack("<4sI", b"ICMT", len(body)) + body + bytes(len(body) % 2)


def test_a_broadcast_wave_tells_its_start(tmp_path: Path) -> None:
    path = with_chunk(tmp_path / "a.wav", b"bext", bext("2026-03-02", "08:00:00"))
    start = metadata_time(path)
    assert start is not None
    assert (start.time_ns, start.zoned, start.source) == (MARCH_NS, False, "bext chunk")


def test_its_samples_since_midnight_are_exact(tmp_path: Path) -> None:
    since = 8 * 3_600 * 16_000 + 4_000
    path = with_chunk(tmp_path / "a.wav", b"bext", bext("2026:03:02", "08-00-00", since))
    start = metadata_time(path)
    assert start is not None
    assert iso(start.time_ns) == "2026-03-02T08:00:00.250Z"


@pytest.mark.parametrize(
    ("zone", "time"),
    [
        ("UTC", "2026-03-02T08:00:00Z"),
        ("UTC+1", "2026-03-02T07:00:00Z"),
        ("UTC-5", "2026-03-02T13:00:00Z"),
        ("UTC+5:30", "2026-03-02T02:30:00Z"),
    ],
)
def test_audiomoths_comment_tells_the_zone(tmp_path: Path, zone: str, time: str) -> None:
    text = f"Recorded at 08:00:00 02/03/2026 ({zone}) by AudioMoth 24F319055FDF2902 at medium gain"
    path = with_chunk(tmp_path / "20260302_080000.WAV", b"LIST", comment(text))
    start = metadata_time(path)
    assert start is not None
    assert (iso(start.time_ns), start.zoned) == (time, True)
    # The name's local time gets its zone from it.
    (recording,) = open_import(path, now_ns=NOW_NS).recordings
    assert iso(recording.start_ns) == time
    assert not any("names no zone" in warning for warning in recording.warnings)


def test_guano_tells_its_start(tmp_path: Path) -> None:
    text = b"GUANO|Version: 1.0\nTimestamp: 2026-03-02T09:00:00+01:00\nLength: 1\n"
    start = metadata_time(with_chunk(tmp_path / "a.wav", b"guan", text))
    assert start is not None
    assert (start.time_ns, start.zoned) == (MARCH_NS, True)


@pytest.mark.parametrize("name", ["a.flac", "a.ogg", "a.wav"])
def test_a_date_tag_with_a_time_tells_its_start(tmp_path: Path, name: str) -> None:
    with soundfile.SoundFile(tmp_path / name, "w", 16_000, 1) as file:
        file.date = "2026-03-02T08:00:00Z"
        file.write(tone(1, 16_000))
    start = metadata_time(tmp_path / name)
    assert start is not None
    assert start.time_ns == MARCH_NS


def test_a_year_alone_or_a_clock_never_set_tells_nothing(tmp_path: Path) -> None:
    with soundfile.SoundFile(tmp_path / "a.flac", "w", 16_000, 1) as file:
        file.date = "2026"
        file.write(tone(1, 16_000))
    assert metadata_time(tmp_path / "a.flac") is None
    path = with_chunk(tmp_path / "a.wav", b"bext", bext("1970-01-01", "00:00:12"))
    assert metadata_time(path) is None


def test_a_name_beats_metadata(tmp_path: Path) -> None:
    path = with_chunk(
        tmp_path / "2026-03-02T08-00-00Z.wav", b"bext", bext("2020-01-01", "00:00:00")
    )
    (recording,) = open_import(path, now_ns=NOW_NS).recordings
    assert recording.start_ns == MARCH_NS


@pytest.mark.parametrize("data", [b"", b"RIFF", b"RIFF\0\0\0\0WAVEbext\xff\xff\xff\xff"])
def test_a_broken_file_tells_nothing(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(data)
    assert metadata_time(tmp_path / "a.wav") is None
