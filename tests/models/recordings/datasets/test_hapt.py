from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from models.recordings.datasets import hapt
from models.recordings.protocol import EPOCH_START_NS, RecordingError
from schemas.frames import NS
from tests.models.recordings import small_sets
from tests.shared_data import shared_data


def test_values_are_scaled_and_times_start_at_the_fixed_start(tmp_path: Path) -> None:
    path = tmp_path / "hapt_50hz.npz"
    arrays = small_sets.hapt(path)
    first, second = hapt.open_user(path, "u01")
    assert (first.name, first.device_id, second.session_id) == (
        "hapt-u01-1",
        "hapt-u01",
        "hapt-u01-2",
    )
    assert first.start_ns == EPOCH_START_NS
    chunk = next(first.imu())
    np.testing.assert_allclose(chunk.acc, arrays["signal"][:50, :3] / 1000, rtol=1e-6)
    np.testing.assert_allclose(chunk.gyro, arrays["signal"][:50, 3:] / 3000, rtol=1e-6)
    assert list(first.audio()) == []


def test_a_users_recordings_never_overlap(tmp_path: Path) -> None:
    path = tmp_path / "hapt_50hz.npz"
    small_sets.hapt(path)
    first, second = hapt.open_user(path, "u01")
    assert second.start_ns >= first.start_ns + first.duration_s * NS


def test_intervals_become_truth_of_activity_and_motion(tmp_path: Path) -> None:
    path = tmp_path / "hapt_50hz.npz"
    small_sets.hapt(path)
    spans = hapt.open_user(path, "u01")[0].truth()
    assert [(s.kind, s.label, (s.start_ns - EPOCH_START_NS) // (NS // 50)) for s in spans] == [
        ("activity", "standing", 50),
        ("activity", "sitting down", 200),
        ("motion", "sitting down", 200),
    ]


def test_an_unknown_user_is_an_error_that_names_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "hapt_50hz.npz"
    small_sets.hapt(path)
    with pytest.raises(
        RecordingError, match=r"user 'u99' is not in hapt_50hz\.npz; expected one of u01, u02"
    ):
        hapt.open_user(path, "u99")


def test_the_data_sets_own_file_reads_whole() -> None:
    path = shared_data() / "imu" / "hapt_50hz.npz"
    recordings = hapt.open_all(path)
    assert len(recordings) == 61
    assert len({r.device_id for r in recordings}) == 30
    for first, second in pairwise(recordings):
        if first.device_id == second.device_id:
            assert second.start_ns >= first.start_ns + first.duration_s * NS
    for recording in recordings:
        end_ns = recording.start_ns + recording.duration_s * NS
        assert all(recording.start_ns <= s.start_ns < s.end_ns <= end_ns for s in recording.truth())
