from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from models.recordings.imports.sndfile import SndFile
from models.recordings.imports.sound import open_sound
from models.recordings.protocol import RecordingError
from tests.models.recordings.imports.sounds import sound, tone

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("a.wav", {"subtype": "PCM_U8"}),
        ("a.wav", {"subtype": "PCM_24"}),
        ("a.wav", {"subtype": "PCM_32"}),
        ("a.wav", {"subtype": "FLOAT"}),
        ("a.wav", {"subtype": "DOUBLE"}),
        ("a.wav", {"subtype": "ULAW"}),
        ("a.wav", {"subtype": "ALAW"}),
        ("a.wav", {"subtype": "MS_ADPCM"}),
        ("a.wav", {"format": "WAVEX"}),
        ("a.wav", {"format": "RF64"}),
        ("a.w64", {}),
        ("a.flac", {}),
        ("a.ogg", {}),
        ("a.opus", {"format": "OGG", "subtype": "OPUS"}),
        ("a.mp3", {}),
        ("a.aif", {"format": "AIFF"}),
        ("a.caf", {}),
        ("a.au", {}),
    ],
)
def test_every_format_holds_the_same_sound(tmp_path: Path, name: str, how: dict[str, Any]) -> None:
    file = open_sound(sound(tmp_path / name, 2, 16_000, **how))
    read = file.at_rate(16_000)(0, file.frames)
    assert (file.rate, file.channels) == (16_000, 1)
    assert file.frames == pytest.approx(32_000, abs=600)
    middle = slice(8_000, 24_000)
    assert np.abs(read[middle, 0] / 32_767 - tone(2, 16_000)[middle, 0]).max() < 0.03


@pytest.mark.parametrize("subtype", ["GSM610", "G721_32", "NMS_ADPCM_32"])
def test_formats_that_cannot_be_sought_are_read(tmp_path: Path, subtype: str) -> None:
    file = open_sound(sound(tmp_path / "a.wav", 2, 16_000, subtype=subtype))
    read = file.at_rate(16_000)
    whole = read(0, file.frames)
    assert np.array_equal(read(9_000, 9_100), whole[9_000:9_100])
    assert np.array_equal(read(100, 9_000), whole[100:9_000])


@pytest.mark.parametrize(
    ("rate", "taken"),
    [
        (8_000, 8_000),
        (44_100, 44_100),
        (48_000, 48_000),
        (50_000, 48_000),
        (64_000, 32_000),
        (88_200, 44_100),
        (96_000, 48_000),
        (128_000, 32_000),
        (192_000, 48_000),
    ],
)
def test_rates_above_the_pipelines_are_resampled(tmp_path: Path, rate: int, taken: int) -> None:
    file = open_sound(sound(tmp_path / "a.wav", 1.5, rate))
    assert file.pipeline_rate == taken
    read = file.at_rate(taken)(0, file.frames_at(taken))
    assert len(read) == round(1.5 * taken)
    assert np.abs(read / 32_767 - tone(1.5, taken))[taken // 10 : taken].max() < 0.01


@pytest.mark.parametrize(
    ("channels", "used"), [(1, 1), (2, 2), (3, 2), (4, 4), (5, 4), (6, 4), (8, 4)]
)
def test_one_two_or_four_channels_are_used(tmp_path: Path, channels: int, used: int) -> None:
    file = open_sound(sound(tmp_path / "a.wav", 0.5, 16_000, channels))
    read = file.at_rate(16_000)(0, 8_000)
    assert read.shape == (8_000, used)
    assert np.abs(read / 32_767 - tone(0.5, 16_000, channels)[:, :used]).max() < 0.001


@pytest.mark.parametrize(
    ("rate", "channels", "message"),
    [
        (4_000, 1, "4000 Hz; expected 8000 to 192000"),
        (384_000, 1, "384000 Hz"),
        (8_000, 9, "1 to 8"),
    ],
)
def test_what_lies_outside_is_refused(
    tmp_path: Path, rate: int, channels: int, message: str
) -> None:
    path = sound(tmp_path / "a.wav", 0.5, rate, channels)
    with pytest.raises(RecordingError, match=message):
        open_sound(path)


def test_a_wav_whose_size_was_never_written_is_read(tmp_path: Path) -> None:
    data = bytearray(sound(tmp_path / "a.wav", 2).read_bytes())
    for size in (b"\0\0\0\0", b"\xff\xff\xff\xff"):
        data[4:8] = data[40:44] = size
        path = tmp_path / "cut.wav"
        path.write_bytes(data)
        file = open_sound(path)
        assert file.frames == 16_000
        assert np.abs(file.at_rate(8_000)(0, 16_000) / 32_767 - tone(2)).max() < 0.001
        assert file.stated is None


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.ogg", "b.opus"])
def test_a_cut_file_is_read_to_where_it_ends(tmp_path: Path, name: str) -> None:
    kind = {"format": "OGG", "subtype": "OPUS"} if name == "b.opus" else {}
    path = tmp_path / name
    noise = np.random.default_rng(1).standard_normal((16_000 * 20, 1)) / 10
    with soundfile.SoundFile(path, "w", 16_000, 1, **kind) as whole:
        for first in range(0, len(noise), 16_000):
            whole.write(noise[first : first + 16_000])
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    file = open_sound(path)
    assert 0.3 * len(noise) < file.frames < 0.6 * len(noise)
    assert len(file.at_rate(16_000)(0, file.frames)) == file.frames
    # What the others state is not known once their end is gone.
    if name in ("a.wav", "a.flac"):
        assert file.stated == pytest.approx(len(noise), rel=0.001)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.ogg"])
def test_a_whole_file_states_what_it_holds(tmp_path: Path, name: str) -> None:
    noise = np.random.default_rng(1).standard_normal((16_000 * 20, 1)) / 10
    soundfile.write(tmp_path / name, noise, 16_000)
    assert open_sound(tmp_path / name).stated is None


@pytest.mark.parametrize("data", [b"", b"RIFF", b"<html>gone</html>" * 99])
def test_what_is_no_sound_is_refused_in_one_line(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(RecordingError, match="cannot be read as sound") as raised:
        open_sound(tmp_path / "a.wav")
    assert "\n" not in str(raised.value)
    assert str(tmp_path) not in str(raised.value)


def test_a_header_alone_holds_no_samples(tmp_path: Path) -> None:
    data = sound(tmp_path / "a.wav", 1).read_bytes()
    (tmp_path / "a.wav").write_bytes(data[:44])
    with pytest.raises(RecordingError, match="holds no samples"):
        open_sound(tmp_path / "a.wav")


def test_a_file_that_cannot_be_sought_to_its_break_is_read_to_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sound(tmp_path / "a.flac", 20)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])

    def refuse(*_: object) -> None:
        raise soundfile.LibsndfileError(2)

    monkeypatch.setattr(SndFile, "_go", refuse)
    assert 0 < open_sound(path).frames < 160_000
