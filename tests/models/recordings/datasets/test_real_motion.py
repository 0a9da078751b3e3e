from pathlib import Path

import numpy as np
import pytest

from models.labels import ACTIVITIES, MOTIONS
from models.recordings.datasets import real_motion
from models.recordings.datasets.real_motion import NONE, WINDOW
from tests.models import small_data
from tests.models.recordings import small_sets


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("imu") / "imu"
    small_data.motion(root)
    return root


def test_every_known_window_of_a_user_is_read_with_its_labels(folder: Path) -> None:
    found = real_motion.read(folder, "test")
    assert found is not None
    assert found.imu.shape == (18, WINDOW, 6)
    # Gravity lies on the second axis of the test user's glasses.
    assert np.allclose(found.imu[..., :3].mean(axis=1), [0, 9.81, 0], atol=0.2)
    named = {
        (
            None if motion == NONE else MOTIONS[motion],
            None if activity == NONE else ACTIVITIES[activity],
        )
        for motion, activity in zip(found.motion, found.activity, strict=True)
    }
    assert named == {
        ("walking", "walking"),
        ("moving", "running"),
        ("standing up", "standing up"),
        (None, "sitting"),
        (None, "standing"),
        (None, "typing on a keyboard"),
    }


def test_windows_are_cut_where_the_table_says(folder: Path) -> None:
    found = real_motion.read(folder, "train")
    assert found is not None
    with np.load(folder / "classyglass_50hz.npz") as file:
        signal = file["signal"] / file["scale"]
    np.testing.assert_allclose(found.imu[:3].reshape(-1, 6), signal[: 3 * WINDOW], rtol=1e-6)


def test_splits_share_no_user_and_together_hold_everyone(folder: Path) -> None:
    parts = [real_motion.read(folder, split) for split in ("train", "validation", "test", None)]
    counts = [0 if part is None else len(part.imu) for part in parts]
    assert counts[:3] == [18, 18, 18]
    assert counts[3] == 54


def test_intervals_become_windows_around_their_middles(tmp_path: Path) -> None:
    small_sets.hapt(tmp_path / "hapt_50hz.npz")
    found = real_motion.read(tmp_path, None)
    assert found is not None
    # "standing" begins too early for a window around it, and "lying" is not asked for.
    assert [MOTIONS[m] for m in found.motion] == ["sitting down"]
    with np.load(tmp_path / "hapt_50hz.npz") as file:
        signal = file["signal"] / file["scale"]
    np.testing.assert_allclose(found.imu[0], signal[100:400], rtol=1e-6)


def test_without_recordings_there_is_no_motion(tmp_path: Path) -> None:
    assert real_motion.read(tmp_path, "train") is None
