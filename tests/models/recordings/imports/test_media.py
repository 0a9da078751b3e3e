from __future__ import annotations

import sys
import wave
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from models.recordings.imports.importing import open_import
from models.recordings.imports.media import open_media
from models.recordings.imports.sound import open_sound
from models.recordings.protocol import RecordingError
from schemas.event_time import iso
from schemas.frames import NS
from tests.models.recordings.imports.sounds import MARCH_NS, NOW_NS, tone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def film(
    path: Path,
    seconds: float,
    rate: int,
    channels: int = 1,
    hole: tuple[float, float] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Path:
    """Write AAC as phones do; a `hole` (at s, of s) is left out of the time stamps."""
    av: Any = pytest.importorskip("av")
    samples = tone(seconds, rate, channels).T
    layout = "mono" if channels == 1 else "stereo"
    how = {
        "format": "adts" if path.suffix == ".aac" else "mp4",
        "options": {"movflags": "use_metadata_tags"},
    }
    with av.open(str(path), "w", **how) as container:
        container.metadata.update(tags or {})
        stream = container.add_stream("aac", rate=rate, layout=layout)
        for first in range(0, samples.shape[1], 1_024):
            part = np.ascontiguousarray(samples[:, first : first + 1_024])
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
            late = round(hole[1] * rate) if hole is not None and first >= hole[0] * rate else 0
            frame.sample_rate, frame.pts, frame.time_base = rate, first + late, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("name", ["a.m4a", "a.mp4", "a.3gp"])
def test_a_phones_sound_is_read(tmp_path: Path, name: str) -> None:
    file = open_sound(film(tmp_path / name, 3, 44_100, 2))
    assert (file.rate, file.channels) == (44_100, 2)
    assert file.seconds == pytest.approx(3, abs=0.05)
    read = file.at_rate(44_100)(0, file.frames)
    middle = slice(22_050, 88_200)
    assert np.abs(read[middle] / 32_767 - tone(3, 44_100, 2)[middle]).mean() < 0.05


def test_bare_aac_is_read_to_its_end(tmp_path: Path) -> None:
    file = open_sound(film(tmp_path / "a.aac", 3, 16_000))
    assert file.seconds == pytest.approx(3, abs=0.1)
    assert len(file.at_rate(16_000)(0, file.frames)) == file.frames


def test_reading_backwards_gives_the_same_samples(tmp_path: Path) -> None:
    read = open_sound(film(tmp_path / "a.m4a", 9, 16_000)).at_rate(16_000)
    whole = read(0, 144_000)
    assert np.array_equal(read(112_000, 128_000), whole[112_000:128_000])
    assert np.array_equal(read(16_000, 32_000), whole[16_000:32_000])


def test_96_khz_is_resampled(tmp_path: Path) -> None:
    file = open_sound(film(tmp_path / "a.m4a", 25, 96_000))
    assert file.pipeline_rate == 48_000
    read = file.at_rate(48_000)
    parts = [read(first, first + 48_000) for first in range(0, 24 * 48_000, 48_000)]
    assert np.array_equal(np.concatenate(parts), read(0, 24 * 48_000))


def test_the_creation_time_is_the_start(tmp_path: Path) -> None:
    film(
        tmp_path / "Recording.m4a", 3, 16_000, tags={"creation_time": "2026-03-02T08:00:00.000000Z"}
    )
    (recording,) = open_import(tmp_path, now_ns=NOW_NS).recordings
    assert recording.start_ns == MARCH_NS
    assert recording.warnings == ["start time is taken from the creation_time"]


def test_a_film_of_android_ended_at_its_creation_time(tmp_path: Path) -> None:
    film(
        tmp_path / "Recording.m4a",
        3,
        16_000,
        tags={"creation_time": "2026-03-02T08:00:03.000000Z", "com.android.version": "15"},
    )
    (recording,) = open_import(tmp_path, now_ns=NOW_NS).recordings
    assert recording.start_ns == pytest.approx(MARCH_NS, abs=NS // 10)
    assert recording.warnings == [
        "start time is taken from the creation_time, which Android writes at the end"
    ]


@pytest.mark.parametrize("android", [{}, {"com.android.version": "15"}])
def test_a_creation_time_at_the_end_names_the_zone_of_the_name(
    tmp_path: Path, android: dict[str, str]
) -> None:
    created = {"creation_time": "2026-03-02T08:00:14.000000Z", **android}
    film(tmp_path / "2026-03-02-10-00-00.m4a", 14, 16_000, tags=created)
    (recording,) = open_import(tmp_path, now_ns=NOW_NS).recordings
    assert recording.start_ns == MARCH_NS


def test_a_quarter_of_an_hour_of_android_is_not_taken_for_a_zone(tmp_path: Path) -> None:
    created = {"creation_time": "2026-03-02T08:15:00.000000Z", "com.android.version": "15"}
    film(tmp_path / "2026-03-02-10-00-00.m4a", 900, 8_000, tags=created)
    (recording,) = open_import(tmp_path, now_ns=NOW_NS).recordings
    assert recording.start_ns == MARCH_NS


@pytest.mark.parametrize("lasts", [0.5, 3.2])
def test_a_hole_in_the_time_stamps_is_silent(tmp_path: Path, lasts: float) -> None:
    whole = open_sound(film(tmp_path / "whole.m4a", 4, 16_000)).at_rate(16_000)(0, 64_000)
    file = open_sound(film(tmp_path / "hole.m4a", 4, 16_000, hole=(2.048, lasts)))
    read = file.at_rate(16_000)(0, file.frames)
    late = round(lasts * 16_000)
    first = 2_048 * 16
    assert len(read) == 64_000 + late
    assert not read[first + 100 : first + late - 100].any()
    # The codec's delay moves where the silence begins, and not what follows it.
    after = slice(first + 4_096, 60_000)
    assert np.array_equal(read[after.start + late : after.stop + late], whole[after])


def test_sound_that_begins_after_the_picture_keeps_its_time(tmp_path: Path) -> None:
    av: Any = pytest.importorskip("av")
    path = tmp_path / "late.mkv"
    samples = tone(2, 16_000, 1).T
    with av.open(str(path), "w") as container:
        picture = container.add_stream("mpeg4", rate=10, width=16, height=16)
        stream = container.add_stream("flac", rate=16_000, layout="mono")
        for number in range(35):
            frame = av.VideoFrame(16, 16, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        for first in range(0, 32_000, 1_024):
            part = np.round(samples[:, first : first + 1_024] * 32_767).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(part, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = (
                16_000,
                first + 24_000,
                Fraction(1, 16_000),
            )
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    file = open_sound(path)
    read = file.at_rate(16_000)(0, file.frames)
    assert not read[:24_000].any()
    assert np.abs(read[24_000:56_000] / 32_767 - tone(2, 16_000, 1)).max() < 0.01


@pytest.mark.parametrize("clock", ["1970-01-01T00:00:00.000000Z", "1970-01-01T00:05:00.000000Z"])
def test_a_creation_time_that_was_never_set_is_none(tmp_path: Path, clock: str) -> None:
    film(tmp_path / "Recording.m4a", 3, 16_000, tags={"creation_time": clock})
    (recording,) = open_import(tmp_path, now_ns=NOW_NS).recordings
    assert iso(recording.start_ns) == "2026-03-02T00:00:00Z"
    assert "start time is unknown" in recording.warnings[0]


def test_without_pyav_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.m4a").write_bytes(b"\0\0\0 ftypM4A ")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(RecordingError, match=r"needs PyAV.*egolog-streams\[media\]"):
        open_sound(tmp_path / "a.m4a")
    found = open_import(tmp_path, now_ns=NOW_NS)
    assert [path for path, _ in found.skipped] == ["a.m4a"]


def test_sound_of_an_unknown_codec_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("av")
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        file.writeframes(tone(2, 8_000, 1).astype(np.int16).tobytes())
    data = bytearray(path.read_bytes())
    data[20] = 0xFA  # the format's number
    path.write_bytes(data)
    with pytest.raises(RecordingError, match="has sound of an unknown codec"):
        open_media(path)
    with pytest.raises(RecordingError, match="cannot be read as sound"):
        open_sound(path)


def test_a_file_that_ends_before_its_sound_has_the_channels_of_its_header(tmp_path: Path) -> None:
    pytest.importorskip("av")
    path = tmp_path / "a.flac"
    soundfile.write(path, np.zeros((8_000, 4)), 8_000)
    path.write_bytes(path.read_bytes()[:86])
    opened = open_media(path)
    assert opened.channels == 4
    assert opened.read(0, 100).shape == (0, 4)


def test_a_broken_film_is_refused_in_one_line(tmp_path: Path) -> None:
    pytest.importorskip("av")
    (tmp_path / "a.m4a").write_bytes(b"\0\0\0 ftypM4A " + bytes(64))
    with pytest.raises(RecordingError, match="cannot be read as sound") as raised:
        open_sound(tmp_path / "a.m4a")
    assert "\n" not in str(raised.value)
