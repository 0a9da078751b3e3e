from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings.datasets import trained_motion
from models.recordings.datasets.labelled_windows import LabelledWindows, names_of, position_of, read
from models.recordings.datasets.motion_files import read_recordings
from models.recordings.datasets.trained_motion import recording_starts
from models.recordings.unseen import trained_on
from tests.models.recordings.datasets.standing_up import wearer
from tests.models.recordings.small_sets import labelled_recording

if TYPE_CHECKING:
    from pathlib import Path


def test_a_files_words_say_where_its_device_was_worn() -> None:
    assert position_of("head (glasses right temple)") == "glasses"
    assert position_of("ear (left eSense)") == "ear"
    assert [position_of(f"{side} wrist") for side in ("left", "dominant")] == ["wrist", "wrist"]
    assert position_of("trouser pocket") == "pocket"
    assert position_of("Apple Watch") == "wrist"
    assert [position_of(word) for word in ("right earbud", "belt", "head")] == [
        "ear",
        "waist",
        "head",
    ]
    assert position_of("near the shoulder") is None


def test_an_interval_gives_the_whole_windows_that_fit_it(tmp_path: Path) -> None:
    windows = read(labelled_recording(tmp_path / "x_50hz.npz", "s05", [(100, 640, "walking")]))
    assert windows.labels == ("walking", "walking")
    assert windows.imu[:, 0, 0].tolist() == [110.0, 380.0]
    assert windows.imu.shape == (2, 250, 6)


def test_a_change_of_posture_lies_in_the_middle_of_its_window(tmp_path: Path) -> None:
    windows = read(
        labelled_recording(tmp_path / "x_50hz.npz", "s05", [(1000, 1100, "sit to stand")])
    )
    assert windows.names == (frozenset({"standing up"}),)
    assert windows.imu[0, 0, 0] == 1050 - 125


def test_what_fills_less_than_half_a_window_is_left_out_and_counted(tmp_path: Path) -> None:
    windows = read(labelled_recording(tmp_path / "x_50hz.npz", "s05", [(500, 600, "sitting")]))
    assert (len(windows), windows.left_out) == (0, 1)


def test_a_window_begins_and_ends_within_its_recording(tmp_path: Path) -> None:
    intervals = [(60, 150, "standing up"), (1850, 1940, "sitting down")]
    windows = read(labelled_recording(tmp_path / "x_50hz.npz", "s05", intervals))
    assert windows.imu[:, 0, 0].tolist() == [0.0, 1750.0]


def test_what_lies_outside_of_a_windows_middle_does_not_name_it(tmp_path: Path) -> None:
    intervals = [(0, 60, "standing up"), (60, 400, "walking"), (1930, 2000, "sitting down")]
    windows = read(labelled_recording(tmp_path / "x_50hz.npz", "s05", intervals))
    assert windows.labels == ("walking",)
    assert windows.left_out == 2
    shorter = read(tmp_path / "x_50hz.npz", 100)
    assert shorter.imu.shape == (5, 100, 6)
    assert shorter.labels == ("standing up", "walking", "walking", "walking", "sitting down")


def test_minutes_of_standing_up_and_sitting_down_are_told_apart_by_the_barometer(
    tmp_path: Path,
) -> None:
    values, pressure = wearer([(5, -5.0), (11, 5.0), (17, -5.0)], 24)
    np.savez(
        tmp_path / "head_50hz.npz",
        signal=(1000 * values).astype(np.int16),
        scale=np.full(6, 1000, np.float32),
        pressure_pa=pressure,
        recording_start=np.array([0]),
        recording_stop=np.array([len(values)]),
        recording_user=np.array(["s05"]),
        recording_label=np.array(["stand up from sitting"]),
    )
    windows = read(tmp_path / "head_50hz.npz", 100)
    assert windows.labels == ("standing up", "sitting down", "standing up")


@pytest.mark.parametrize(
    ("label", "names"),
    [
        ("walking", {"walking"}),
        ("eating or smoking", {"eating", "smoking"}),
        ("stairs (undirected)", {"going upstairs", "going downstairs"}),
        ("jogging or teeth", {"running", "brushing teeth"}),
        ("Walking", {"walking"}),
        (" SITTING  or Standing_up ", {"sitting", "standing up"}),
        ("Watching tv", {"watching TV"}),
        ("walking_upstairs", {"going upstairs"}),
    ],
)
def test_every_alternative_of_a_label_is_right(label: str, names: set[str]) -> None:
    assert names_of(label) == names


def test_of_users_that_were_trained_on_only_the_test_part_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = labelled_recording(tmp_path / "x_50hz.npz", "s01", [(0, 500, "walking")])
    ((_, start),) = recording_starts(read_recordings(seen))
    known = {**trained_on(), "motion": ["s01", "s02"], "motion_starts": [start]}
    monkeypatch.setattr(trained_motion, "trained_on", lambda: known)
    assert not len(read(seen))
    assert len(read(labelled_recording(tmp_path / "y_50hz.npz", "s05", [(0, 500, "walking")]))) == 2


def test_another_data_sets_user_of_the_same_name_is_unseen(tmp_path: Path) -> None:
    assert "s01" in trained_on()["motion"]
    path = labelled_recording(tmp_path / "chest_50hz.npz", "s01", [(0, 500, "walking")])
    assert len(read(path)) == 2


def test_the_windows_of_devices_at_several_positions_are_several_wearers(tmp_path: Path) -> None:
    data = np.arange(4)[:, None, None] * np.ones((4, 120, 6), np.float16)
    path = tmp_path / "several_20hz.npz"
    np.savez(
        path,
        data=data,
        label=np.array(["walking"] * 4),
        user=np.array(["ann", "ann", "ann", "bob"]),
        position=np.array(["chest", "left wrist", "chest", "left wrist"]),
    )
    windows = read(path)
    assert windows.wearers == ("ann at chest", "ann at left wrist", "ann at chest", "bob")
    assert windows.positions == (None, "wrist", None, "wrist")
    assert windows.take([3, 0]).positions == ("wrist", None)


def test_recordings_may_each_have_a_position(tmp_path: Path) -> None:
    path = tmp_path / "several_50hz.npz"
    np.savez(
        path,
        signal=np.zeros((1000, 6), np.int16),
        scale=np.ones(6),
        recording_start=np.array([0, 500]),
        recording_stop=np.array([500, 1000]),
        recording_user=np.array(["ann", "ann"]),
        recording_label=np.array(["walking", "sitting"]),
        position=np.array(["belt", "trouser pocket"]),
    )
    windows = read(path)
    assert windows.labels == ("walking", "walking", "sitting", "sitting")
    assert windows.wearers == ("ann at belt",) * 2 + ("ann at trouser pocket",) * 2
    assert windows.positions == ("waist", "waist", "pocket", "pocket")


def test_another_part_is_read_where_it_is_asked_for(tmp_path: Path) -> None:
    paths = {
        user: labelled_recording(tmp_path / f"{user}_50hz.npz", user, [(0, 500, "walking")])
        for user in ("s01", "s02", "s05")
    }
    assert [len(read(path, split="validation")) for path in paths.values()] == [2, 0, 0]
    assert [len(read(path, split="train")) for path in paths.values()] == [0, 2, 0]


def test_windows_of_20_hz_come_at_50(tmp_path: Path) -> None:
    times = np.arange(120) / 20
    data = np.zeros((1, 120, 6), np.float16)
    data[0, :, 0] = np.sin(2 * np.pi * 1.5 * times)
    np.savez(tmp_path / "x_20hz.npz", data=data, label=np.array(["soup"]), user=np.array(["s9"]))
    windows = read(tmp_path / "x_20hz.npz")
    assert windows.names == (frozenset({"eating"}),)
    expected = np.sin(2 * np.pi * 1.5 * (np.arange(250) / 50 + 0.5))
    np.testing.assert_allclose(windows.imu[0, :, 0], expected, atol=0.03)


def test_a_wearers_recordings_are_in_the_order_in_which_they_were_made(tmp_path: Path) -> None:
    signal = np.zeros((1500, 6), np.int16)
    signal[:, 0] = np.arange(1500)
    np.savez(
        tmp_path / "x_50hz.npz",
        signal=signal,
        scale=np.ones(6, np.float32),
        recording_start=np.array([0, 500, 1000]),
        recording_stop=np.array([500, 1000, 1500]),
        recording_user=np.array(["s05", "s10", "s05"]),
        recording_label=np.array(["walking", "sitting", "standing"]),
        recording_t0_unix_s=np.array([300.0, 0.0, 100.0]),
    )
    windows = read(tmp_path / "x_50hz.npz")
    assert windows.wearers == ("s05",) * 4 + ("s10",) * 2
    assert windows.labels == ("standing",) * 2 + ("walking",) * 2 + ("sitting",) * 2
    assert windows.starts_s == (100.0, 105.0, 300.0, 305.0, 0.0, 5.0)
    assert windows.imu[:, 0, 0].tolist() == [1000, 1250, 0, 250, 500, 750]


def test_some_of_the_windows_are_taken_with_all_that_is_known_of_them(tmp_path: Path) -> None:
    path = labelled_recording(
        tmp_path / "x_50hz.npz", "s05", [(0, 1000, "walking"), (1000, 1500, "stairs")]
    )
    taken = read(path).take([5, 1])
    assert taken.imu[:, 0, 0].tolist() == [1250.0, 250.0]
    assert taken.labels == ("stairs", "walking")
    assert taken.names == (names_of("stairs"), {"walking"})
    assert taken.wearers == ("s05", "s05")
    assert taken.starts_s == (25.0, 5.0)


def test_what_is_not_known_of_windows_is_not_known_of_some() -> None:
    windows = LabelledWindows(np.zeros((2, 250, 6), np.float32), ("a", "b"), ())
    assert windows.take([1]).labels == ("b",)
    assert windows.take([1]).wearers == ()
