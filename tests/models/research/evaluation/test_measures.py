from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.egolog.imu_encoder import ImuEncoder
from models.recordings.datasets.real_motion import NONE, WINDOW, MotionWindows
from models.recordings.shared_data import ESC50, IMU
from models.recordings.splits import Splits
from models.research.evaluation.measures import measure_motion_class, measure_places
from models.research.lib.served_registry import ServedRegistry
from models.serving.registry import WEIGHTS_DIR
from tests.models import small_data

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_windows_in_which_nobody_moves_have_no_motion_class(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def windows(motion: int) -> MotionWindows:
        shape = np.full(3, motion)
        return MotionWindows(
            np.zeros((3, WINDOW, 6), np.float32), shape, shape, shape, np.array(["hapt"] * 3)
        )

    assert measure_motion_class(ImuEncoder(), windows(NONE)) == {}
    assert capsys.readouterr().out == "skipped: motion_class: nobody moves in 3 windows\n"
    assert measure_motion_class(ImuEncoder(), windows(0))["motion_class"]["windows"] == 3


def test_motion_without_activities_turns_no_heads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = small_data.write(tmp_path)
    path = data / IMU / "classyglass_50hz.npz"
    with np.load(path) as file:
        arrays = {name: values for name, values in file.items() if name != "recording_label"}
    np.savez(path, **arrays)
    registry = ServedRegistry(WEIGHTS_DIR, "float32")
    figures = measure_places(registry, data, Splits.of(None), 0, tmp_path / "cache", False)
    assert figures == {}
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith("skipped: localization: classyglass_50hz.npz has no array recording_")


def test_clips_that_are_no_sound_event_of_ours_place_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = small_data.write(tmp_path)
    table = data / ESC50 / "esc50.csv"
    rows = table.read_text()
    for category in small_data.CATEGORIES_WRITTEN:
        rows = rows.replace(f",{category},", ",frog,")
    table.write_text(rows)
    registry = ServedRegistry(WEIGHTS_DIR, "float32")
    figures = measure_places(registry, data, Splits.of(None), 0, tmp_path / "cache", False)
    assert figures == {}
    line = capsys.readouterr().out
    assert line == "skipped: hrtf: its sources need clips of our sound events in audio/esc50_16k\n"
