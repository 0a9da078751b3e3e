from pathlib import Path

import numpy as np

from models.recordings.datasets import labelled_motion
from models.recordings.datasets.labelled_motion import WINDOW, LabelledSegment
from tests.models import small_data
from tests.models.recordings import small_sets


def test_windows_are_counted_from_their_recordings_first_row(tmp_path: Path) -> None:
    folder = tmp_path / "imu"
    small_data.motion(folder)
    found = labelled_motion.classyglass(folder)
    assert found is not None
    rows = small_data.ROWS
    assert found.stretches[4] == LabelledSegment(
        small_data.USERS[0], small_data.DETAILS[1], rows + 300, rows + 600, rows, 2 * rows
    )
    with np.load(folder / "classyglass_50hz.npz") as file:
        np.testing.assert_allclose(found.values, file["signal"] / 1000, rtol=1e-6)


def test_a_window_that_runs_into_the_next_recording_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "imu"
    small_data.motion(folder)
    path = folder / "classyglass_windows.npz"
    with np.load(path) as file:
        table = {name: file[name] for name in file}
    table["start"][2] = small_data.ROWS - WINDOW + 1
    np.savez(path, **table)
    whole = len(table["start"])
    found = labelled_motion.classyglass(folder)
    assert found is not None
    assert len(found.stretches) == whole - 1
    assert all(s.first <= s.start < s.stop <= s.last for s in found.stretches)


def test_intervals_are_counted_from_their_recordings_first_row(tmp_path: Path) -> None:
    small_sets.hapt(tmp_path / "hapt_50hz.npz")
    found = labelled_motion.hapt(tmp_path)
    assert found is not None
    assert found.stretches == [
        LabelledSegment("u01", "stand to sit", 200, 300, 0, 500),
        LabelledSegment("u01", "standing", 50, 200, 0, 500),
        LabelledSegment("u01", "lying", 500, 600, 500, 800),
    ]


def test_files_that_are_not_there_have_no_stretches(tmp_path: Path) -> None:
    assert labelled_motion.hapt(tmp_path) is None
    small_sets.classyglass(tmp_path / "classyglass_50hz.npz")
    assert labelled_motion.classyglass(tmp_path) is None
