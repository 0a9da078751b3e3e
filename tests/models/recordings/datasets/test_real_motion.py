from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.labels import ACTIVITIES, MOTIONS
from models.recordings.datasets import real_motion
from models.recordings.datasets.real_motion import NONE, WINDOW
from models.recordings.protocol import RecordingError
from tests.models import small_data
from tests.models.recordings import small_sets
from tests.models.recordings.datasets.standing_up import wearer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("imu") / "imu"
    small_data.motion(root)
    return root


def test_every_known_window_of_a_user_is_read_with_its_labels(folder: Path) -> None:
    found = real_motion.read(folder, "test")
    assert found is not None
    assert found.imu.shape == (15, WINDOW, 6)
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
    assert counts[:3] == [15, 15, 15]
    assert counts[3] == 45


def test_intervals_become_windows_around_their_middles(tmp_path: Path) -> None:
    small_sets.hapt(tmp_path / "hapt_50hz.npz")
    found = real_motion.read(tmp_path, None)
    assert found is not None
    # "standing" begins too early for a window around it, and "lying" is not asked for.
    assert [MOTIONS[m] for m in found.motion] == ["sitting down"]
    with np.load(tmp_path / "hapt_50hz.npz") as file:
        signal = file["signal"] / file["scale"]
    np.testing.assert_allclose(found.imu[0], signal[100:400], rtol=1e-6)


def geotec(folder: Path) -> NDArray[np.float64]:
    """Write a wearer who sits for a second, stands up, walks and sits down; return the signal."""
    bounds = [0, 50, 120, 400, 470, 500]
    signal = np.repeat(np.arange(500)[:, None], 6, axis=1).astype(np.int16)
    np.savez(
        folder / "geotec_phone_50hz.npz",
        signal=signal,
        scale=np.ones(6, np.float32),
        recording_start=np.array([0]),
        recording_stop=np.array([500]),
        recording_user=np.array(["s03"]),
        interval_recording=np.zeros(5, np.int64),
        interval_start=np.array(bounds[:-1]),
        interval_stop=np.array(bounds[1:]),
        interval_label=np.array(["sitting", "standing up", "walking", "sitting down", "sitting"]),
    )
    return signal[:, 0].astype(float)


def test_the_wearer_sits_on_before_and_after_a_short_recording(tmp_path: Path) -> None:
    geotec(tmp_path)
    windows = real_motion.read_everywhere(tmp_path, "train")
    assert windows is not None
    assert [NONE if m == NONE else MOTIONS[m] for m in windows.motion] == [
        NONE, "standing up", "walking", "sitting down", NONE
    ]  # fmt: skip
    assert windows.slack.tolist() == [25, 35, 140, 35, 15]
    up = windows.imu[1, :, 0]
    # Standing up has its middle in row 85; before row 0 come rows 0 to 49 and back again.
    assert up[65:].tolist() == list(range(235))
    assert up[15:65].tolist() == list(range(49, -1, -1))
    assert up[:15].tolist() == list(range(35, 50))
    down = windows.imu[3, :, 0]
    assert down[:215].tolist() == list(range(285, 500))
    assert down[215:245].tolist() == list(range(499, 469, -1))


def test_each_user_gives_a_few_windows_of_an_activity_elsewhere(tmp_path: Path) -> None:
    labels = ["walking"] * 9 + ["sitting"] * 2 + ["pasta"]
    np.savez(
        tmp_path / "wisdm19_watch_20hz.npz",
        data=np.random.default_rng(0).normal(0, 1, (12, 120, 6)).astype(np.float16),
        label=np.array(labels),
        user=np.array(["1602"] * 12),
    )
    windows = real_motion.read_everywhere(tmp_path, "train")
    assert windows is not None
    assert windows.motion.tolist() == [MOTIONS.index("walking")] * 6 + [NONE] * 2
    assert set(windows.source) == {"wisdm watch"}
    assert real_motion.read(tmp_path, "train") is None


def test_windows_elsewhere_are_read_with_checks(tmp_path: Path) -> None:
    path = tmp_path / "wisdm19_watch_20hz.npz"
    data, user = np.ones((2, 120, 6)), np.array([b"1602"] * 2)
    np.savez(path, data=data, user=user, label=np.array([b"walking", b"sitting"]))
    windows = real_motion.read_everywhere(tmp_path, "train")
    assert windows is not None
    assert windows.motion.tolist() == [MOTIONS.index("walking"), NONE]
    np.savez(path, data=data, user=user, label=np.array(["walking"]))
    with pytest.raises(RecordingError, match="1 entries in label; expected 2"):
        real_motion.read_everywhere(tmp_path, "train")


def test_windows_that_are_not_finite_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "wisdm19_phone_20hz.npz"
    arrays = small_sets.wisdm(path)
    whole = real_motion.read_everywhere(tmp_path, None)
    arrays["data"][0, 7, 2] = np.inf
    np.savez(path, **arrays)
    rest = real_motion.read_everywhere(tmp_path, None)
    assert whole is not None
    assert rest is not None
    assert len(rest) == len(whole) - 1
    assert np.isfinite(rest.imu).all()


def test_what_is_no_activity_of_the_set_is_read_apart(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "wisdm19_watch_20hz.npz",
        data=np.random.default_rng(0).normal(0, 1, (5, 120, 6)).astype(np.float16),
        label=np.array(["walking", "dribbling", "folding", "pasta", "clapping"]),
        user=np.array(["1602"] * 5),
    )
    windows = real_motion.read_outside(tmp_path, None)
    assert windows is not None
    assert windows.activity.tolist() == [NONE] * len(windows)
    assert windows.source.tolist() == ["wisdm watch"] * 2
    assert real_motion.read_outside(tmp_path / "none", "train") is None


def test_minutes_called_standing_up_give_windows_where_the_barometer_shows_a_change(
    tmp_path: Path,
) -> None:
    small_data.motion(tmp_path / "imu")
    path = tmp_path / "imu" / "classyglass_50hz.npz"
    with np.load(path) as file:
        arrays = dict(file)
    values, pressure = wearer([(5, -5.0), (11, 5.0)], 18)
    first = int(arrays["recording_start"][arrays["recording_label"] == "stand up from sitting"][0])
    arrays["signal"][first : first + 900] = 1000 * values
    whole = np.full(len(arrays["signal"]), 100_000.0)
    whole[first : first + 900] = pressure
    np.savez(path, **arrays, pressure_pa=whole)
    windows = real_motion.read(tmp_path / "imu", "train")
    assert windows is not None
    changes = [MOTIONS[m] for m in windows.motion if m >= 2]
    assert changes == ["standing up", "sitting down"]


def test_without_recordings_there_is_no_motion(tmp_path: Path) -> None:
    assert real_motion.read(tmp_path, "train") is None
