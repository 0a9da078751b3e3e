from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from models.labels import CATEGORIES
from models.recordings.datasets import esc50
from models.recordings.shared_data import CIPIC, ESC50, HRTF, IMU, SPEECH, URBANSOUND8K
from models.recordings.unseen import unseen
from models.research.evaluation.available_parts import available_parts
from models.simulation.sources.material import unseen_material
from tests.models import small_data

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    root = small_data.write(tmp_path / "data")
    small_data.speech(root / SPEECH)
    small_data.streets(root / URBANSOUND8K)
    return root


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.glob("*/*")}


def test_a_folder_that_can_be_read_is_used_as_it_is(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert available_parts(data, tmp_path / "links") == data
    assert not capsys.readouterr().out


@pytest.mark.parametrize(
    ("part", "file", "reason"),
    [
        (ESC50, "esc50.csv", "esc50.csv has no rows"),
        (URBANSOUND8K, "urbansound8k.csv", "urbansound8k.csv has no rows"),
        # The one unseen speaker's.
        (SPEECH, "nicolas_00.flac", "nicolas_00.flac cannot be read"),
        (CIPIC, "", "cipic_16khz.npz' is not a readable .npz"),
        (HRTF / "ku100_16khz.npz", "", "ku100_16khz.npz' is not a readable .npz"),
        (HRTF / "room_16k.sofa", "", "room_16k.sofa is no SOFA file"),
        (IMU / "classyglass_windows.npz", "", "classyglass_windows.npz' is not a readable .npz"),
        (IMU / "own_20hz.npz", "", "own_20hz.npz' is not a readable .npz"),
    ],
)
def test_a_part_that_cannot_be_read_is_left_out_and_named(
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    part: Path,
    file: str,
    reason: str,
) -> None:
    damaged = data / part / file if file else data / part
    damaged.write_bytes(b"")
    links = available_parts(data, tmp_path / "links")
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("skipped: ")] == lines
    assert reason in lines[0]
    assert len(lines) == 1
    assert files(links) == files(data) - {str(part)}
    # Composed days are of what is left.
    unseen_material(links)


@pytest.mark.parametrize(
    ("part", "name", "absent"),
    [
        (ESC50, "5-9950-A-0", True),
        (URBANSOUND8K, "100-3-0-0", False),
        (SPEECH, "nicolas_01", False),
    ],
)
def test_a_clip_that_cannot_be_read_costs_itself_alone(
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    part: Path,
    name: str,
    absent: bool,
) -> None:
    clip = data / part / f"{name}.flac"
    if absent:
        clip.unlink()
    else:
        clip.write_bytes(b"")
    links = available_parts(data, tmp_path / "links")
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith(f"skipped: clip {data / part / name}.")
    assert ("does not exist" if absent else "cannot be read") in line
    assert {path.name for path in (links / part).iterdir()} == {
        path.name for path in (data / part).iterdir()
    } - {clip.name}
    assert unseen(links) == unseen(data)


def test_clips_that_are_left_out_are_counted_after_the_first(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in sorted((data / ESC50).glob("1-*.flac")):
        path.unlink()
    (data / ESC50 / "5-9950-A-0.flac").write_bytes(b"")
    links = available_parts(data, tmp_path / "links")
    *lines, last = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert last == f"skipped: 2 more clips of {data / ESC50}"
    assert [clip.path.stem for clip in esc50.clips(links / ESC50)] == [
        f"5-995{number}-A-{CATEGORIES.index(small_data.CATEGORIES_WRITTEN[number])}"
        for number in range(1, 6)
    ]


def test_a_table_without_any_of_its_clips_is_named(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (data / URBANSOUND8K).glob("*.flac"):
        path.unlink()
    links = available_parts(data, tmp_path / "links")
    assert not (links / URBANSOUND8K).exists()
    assert capsys.readouterr().out == (
        f"skipped: folder {data / URBANSOUND8K} has none of the 6 clips of urbansound8k.csv\n"
    )


def test_a_table_in_another_encoding_costs_its_own_part_alone(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = data / ESC50 / "esc50.csv"
    table.write_bytes(table.read_bytes() + "café,1\n".encode("latin-1"))
    links = available_parts(data, tmp_path / "links")
    [line] = capsys.readouterr().out.splitlines()
    assert line.endswith("esc50.csv is not UTF-8 text: invalid continuation byte")
    assert files(links) == files(data) - {str(ESC50)}


def test_windows_whose_columns_are_text_are_left_out(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = data / IMU / "classyglass_windows.npz"
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **(arrays | {"start": arrays["start"].astype(float)}))
    assert available_parts(data, tmp_path / "links") == data
    np.savez(path, **(arrays | {"start": arrays["start"].astype(str)}))
    assert files(available_parts(data, tmp_path / "links")) == files(data) - {
        str(path.relative_to(data))
    }
    assert "expected a row of whole numbers" in capsys.readouterr().out
    np.savez(path, **(arrays | {"start": arrays["start"] - 1}))
    available_parts(data, tmp_path / "others")
    assert "has a window from row -1; expected 0 or more" in capsys.readouterr().out


def test_clips_of_any_rate_and_channels_become_the_sounds_of_days(data: Path) -> None:
    for number, path in enumerate(sorted((data / ESC50).glob("*.flac"))):
        rate, channels = ((44_100, 2), (48_000, 1), (16_000, 2))[number % 3]
        noise = np.random.default_rng(number).normal(0, 0.1, (2 * rate, channels))
        soundfile.write(path, noise, rate)
    sounds = unseen_material(data).sounds
    for label in sounds.labels:  # type: ignore[attr-defined]
        wave = sounds(label, np.random.default_rng(0), np.random.default_rng(1), 32_000)
        assert wave.shape == (32_000,)
    assert all(len(wave) <= 32_000 for wave in sounds.waves["dog"])  # type: ignore[attr-defined]
