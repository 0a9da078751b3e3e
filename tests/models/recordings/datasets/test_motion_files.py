from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from models.recordings.datasets.labelled_windows import read
from models.recordings.datasets.motion_files import read_cuts, read_motion, read_recordings
from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from pathlib import Path


def write_recordings(path: Path, **changed: Any) -> Path:
    """Write two recordings of 600 rows with two intervals each; None leaves an array out."""
    arrays = {
        "signal": np.ones((1200, 6), np.int16),
        "scale": np.full(6, 1000.0),
        "recording_start": np.array([0, 600]),
        "recording_stop": np.array([600, 1200]),
        "recording_user": np.array(["ann", "bob"]),
        "interval_recording": np.array([0, 0, 1, 1]),
        "interval_start": np.array([0, 300, 0, 300]),
        "interval_stop": np.array([300, 600, 300, 600]),
        "interval_label": np.array(["walking", "sitting"] * 2),
        "sampling_rate_hz": np.array(50.0),
        **changed,
    }
    np.savez(path, **{name: values for name, values in arrays.items() if values is not None})
    return path


def cut(path: Path, **changed: Any) -> Path:
    arrays = {
        "data": np.ones((4, 120, 6), np.float16),
        "label": np.array(["walking"] * 4),
        "user": np.array(["ann"] * 4),
        **changed,
    }
    np.savez(path, **{name: values for name, values in arrays.items() if values is not None})
    return path


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"scale": None}, "lacks scale"),
        ({"scale": np.zeros(6)}, r"has scale \[0.0, .*expected six above 0"),
        ({"signal": np.ones((1200, 3))}, r"signal of shape \(1200, 3\).*expected .*\(any, 6\)"),
        ({"signal": np.zeros((0, 6))}, "recording 0 in rows 0 to 600; expected rows of its 0"),
        ({"sampling_rate_hz": np.array(100.0)}, "sampled at 100 Hz; expected 50"),
        ({"interval_recording": np.array([0, 0, 1, 7])}, "of recording 7; expected one of its 2"),
        ({"interval_label": np.array(["walking"])}, "1 entries in interval_label; expected 4"),
        ({"interval_stop": None}, "labels of intervals, but no interval_stop"),
        ({"position": np.array(["ear"] * 3)}, "3 entries in position; expected 2"),
        ({"interval_label": np.array(["a"] * 4, object)}, "holds Python objects"),
    ],
)
def test_recordings_that_contradict_themselves_are_refused(
    tmp_path: Path, changed: dict[str, Any], reason: str
) -> None:
    with pytest.raises(RecordingError, match=reason):
        read_motion(write_recordings(tmp_path / "x_50hz.npz", **changed))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"data": np.ones((4, 6, 120))}, r"data of shape \(4, 6, 120\)"),
        ({"label": np.array(["walking"])}, "1 entries in label; expected 4"),
        ({"user": None}, "lacks user"),
        ({"data": np.ones((4, 120, 6), np.int16)}, "data of int16 without scale; expected m/s²"),
        ({"scale": np.zeros(6)}, "expected six above 0"),
        ({"sampling_rate_hz": np.array(50.0)}, "sampled at 50 Hz; expected 20, as its name says"),
    ],
)
def test_windows_that_contradict_themselves_are_refused(
    tmp_path: Path, changed: dict[str, Any], reason: str
) -> None:
    with pytest.raises(RecordingError, match=reason):
        read_motion(cut(tmp_path / "x_20hz.npz", **changed))


def test_windows_of_whole_numbers_are_divided_by_their_scale(tmp_path: Path) -> None:
    whole = np.full((4, 120, 6), 9810, np.int16)
    cuts = read_cuts(cut(tmp_path / "x_20hz.npz", data=whole, scale=np.full(6, 1000.0)))
    np.testing.assert_allclose(cuts.data, 9.81, rtol=1e-6)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x_50hz.npz"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=r"x_50hz\.npz' is not a readable .npz: is"):
        read_motion(path)


def test_text_is_read_from_bytes_and_numbers(tmp_path: Path) -> None:
    motion = read_recordings(
        write_recordings(
            tmp_path / "x_50hz.npz",
            interval_label=np.array([b"walking", b"sitting"] * 2),
            recording_user=np.array([1, 2]),
            position=np.array([b"left wrist"]),
        )
    )
    assert motion.intervals is not None
    assert [interval.label for interval in motion.intervals] == ["walking", "sitting"] * 2
    assert (motion.users, motion.positions) == (["1", "2"], ["left wrist"] * 2)
    assert (
        read_cuts(cut(tmp_path / "x_20hz.npz", label=np.array([b"walking"] * 4))).labels
        == ["walking"] * 4
    )


def test_an_interval_ends_with_its_recording(tmp_path: Path) -> None:
    motion = read_recordings(
        write_recordings(
            tmp_path / "x_50hz.npz",
            interval_start=np.array([-20, 300, 0, 700]),
            interval_stop=np.array([300, 900, 300, 800]),
        )
    )
    rows = [(interval.start, interval.stop) for interval in motion.intervals or ()]
    assert rows == [(0, 300), (300, 600), (0, 300), (700, 700)]


def test_recordings_without_usable_times_follow_one_another(tmp_path: Path) -> None:
    path = write_recordings(tmp_path / "x_50hz.npz", recording_t0_unix_s=np.full(2, np.nan))
    assert read_recordings(path).began_s == [0.0, 12.0]


def test_windows_with_values_that_are_not_finite_are_left_out_and_counted(tmp_path: Path) -> None:
    signal = np.ones((1200, 6))
    signal[100, 2] = np.nan
    windows = read(write_recordings(tmp_path / "x_50hz.npz", signal=signal))
    assert (windows.labels, windows.left_out) == (("sitting", "walking", "sitting"), 1)
    data = np.ones((4, 120, 6))
    data[3, 5] = np.inf
    windows = read(cut(tmp_path / "x_20hz.npz", data=data))
    assert (len(windows), windows.left_out, windows.starts_s) == (3, 1, (0.0, 6.0, 12.0))


def test_windows_shorter_than_what_is_asked_for_are_refused(tmp_path: Path) -> None:
    path = cut(tmp_path / "x_20hz.npz", data=np.ones((4, 80, 6)))
    with pytest.raises(RecordingError, match="windows of 80 rows; expected 100 or more at 20 Hz"):
        read(path)


def test_what_has_no_label_is_no_window(tmp_path: Path) -> None:
    labels = np.array(["walking", " ", "walking", ""])
    assert set(read(write_recordings(tmp_path / "x_50hz.npz", interval_label=labels)).labels) == {
        "walking"
    }
    assert len(read(cut(tmp_path / "x_20hz.npz", label=labels))) == 2
