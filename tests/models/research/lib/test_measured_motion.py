from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings.datasets.labelled_windows import LabelledWindows
from models.research.lib.measured_motion import (
    doubts,
    motion_files,
    print_other_files,
    windows_to_measure,
)
from tests.models.recordings.small_sets import labelled_recording

if TYPE_CHECKING:
    from pathlib import Path


def of_values(acceleration: float, turning: float) -> LabelledWindows:
    imu = np.zeros((2, 250, 6), np.float32)
    imu[..., 1], imu[..., 4] = acceleration, turning
    return LabelledWindows(imu, ("walking",) * 2, (frozenset({"walking"}),) * 2)


def test_recordings_and_windows_of_one_name_are_both_measured(tmp_path: Path) -> None:
    names = ["belt_20hz", "ear_20hz", "ear_50hz", "ear_100hz", "ear_windows"]
    for name in names:
        (tmp_path / f"{name}.npz").touch()
    files = {name: path.stem for name, path in motion_files(tmp_path).items()}
    assert files == {"belt": "belt_20hz", "ear_20hz": "ear_20hz", "ear": "ear_50hz"}


def test_a_file_of_another_layout_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    print_other_files(tmp_path)
    assert capsys.readouterr().out == (
        f"skipped: {tmp_path} has no NAME_50hz.npz or NAME_20hz.npz\n"
    )
    for name in ("ear_50hz", "ear_100hz", "ear_windows"):
        (tmp_path / f"{name}.npz").touch()
    print_other_files(tmp_path)
    assert capsys.readouterr().out == (
        "skipped: ear_100hz.npz is not called NAME_50hz.npz or NAME_20hz.npz\n"
    )


def test_a_file_without_windows_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = labelled_recording(tmp_path / "ear_50hz.npz", "s05", [(0, 20, "walking")])
    assert windows_to_measure(path) is None
    assert capsys.readouterr().out == (
        "skipped: ear_50hz.npz has no window with a label of an unseen user; "
        "1 are too short or not finite\n"
    )
    assert windows_to_measure(path, "validation") is None
    assert "a label of a user of split 'validation'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("acceleration", "turning", "doubt"),
    [
        (9.8, 3.0, []),
        (9.8, 0.0, []),
        (1.0, 3.0, ["has acceleration of 1.00 m/s² in the median; expected about 9.8, gravity"]),
        (9.8, 90.0, ["has rotation of 90 rad/s in a hundredth of its rows; expected less than"]),
    ],
)
def test_numbers_that_are_hardly_of_the_units_are_doubted(
    acceleration: float, turning: float, doubt: list[str]
) -> None:
    lines = doubts(of_values(acceleration, turning))
    assert len(lines) == len(doubt)
    assert all(line.startswith(start) for line, start in zip(lines, doubt, strict=True))


def test_a_doubtful_file_is_measured_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = labelled_recording(tmp_path / "ear_50hz.npz", "s05", [(1000, 1500, "walking")])
    windows = windows_to_measure(path)
    assert windows is not None
    assert len(windows) == 2
    assert capsys.readouterr().out.startswith("doubtful: ear_50hz.npz has acceleration of 12")
