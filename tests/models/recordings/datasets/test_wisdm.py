from pathlib import Path

import numpy as np

from models.recordings.datasets import wisdm
from models.recordings.protocol import EPOCH_START_NS
from schemas.frames import NS
from tests.models.recordings import small_sets
from tests.shared_data import shared_data


def test_a_users_windows_are_strung_together_with_their_labels(tmp_path: Path) -> None:
    path = tmp_path / "wisdm19_phone_20hz.npz"
    arrays = small_sets.wisdm(path)
    first, second = wisdm.open_all(path)
    assert (first.name, second.name) == ("wisdm-phone-1600", "wisdm-phone-1601")
    assert first.duration_s == 18.0
    acc = np.concatenate([c.acc for c in first.imu(2.5)])
    np.testing.assert_array_equal(
        acc, arrays["data"][[0, 1, 3]].reshape(-1, 6)[:, :3].astype(np.float32)
    )
    spans = [(s.kind, s.label, (s.end_ns - EPOCH_START_NS) // NS) for s in first.truth()]
    assert spans == [
        ("activity", "walking", 12),
        ("motion", "walking", 12),
        ("activity", "sitting", 18),
    ]
    assert second.truth()[0].label == "brushing teeth"


def test_the_watchs_file_names_a_watch(tmp_path: Path) -> None:
    path = tmp_path / "wisdm19_watch_20hz.npz"
    small_sets.wisdm(path)
    assert wisdm.open_user(path, "1601")[0].device_id == "wisdm-watch-1601"


def test_the_data_sets_own_values_are_finite() -> None:
    recordings = wisdm.open_all(shared_data() / "imu" / "wisdm19_phone_20hz.npz")
    assert len(recordings) == 21
    for recording in recordings:
        for chunk in recording.imu(60.0):
            assert np.isfinite(chunk.acc).all()
            assert np.isfinite(chunk.gyro).all()
