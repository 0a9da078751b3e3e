from pathlib import Path

import numpy as np
import pytest

from models.simulation.sources.head_motion import HeadMotionError, HeadMotions
from tests.models.research.egolog.localization.material import head
from tests.shared_data import shared_data


def test_a_turning_head_turns_as_its_gyroscope_says() -> None:
    motions = HeadMotions([head(30, turning=True)], [])
    drawn = motions.draw(np.random.default_rng(1), 3)
    assert drawn.imu.shape == (150, 6)
    assert drawn.head.shape == drawn.body.shape == (150,)
    turned = drawn.head[-1] - drawn.head[0]
    assert turned == pytest.approx(drawn.imu[1:, 3].sum() / 50, abs=0.02)
    # The body follows slowly.
    assert np.ptp(drawn.body) < 0.5 * np.ptp(drawn.head)


def test_moving_recordings_are_drawn_more_often_than_still_ones() -> None:
    motions = HeadMotions([head(30, turning=True)], [head(30, turning=False)])
    rng = np.random.default_rng(2)
    moved = [np.ptp(motions.draw(rng, 3).head) > 0.05 for _ in range(60)]
    assert 0.5 < np.mean(moved) < 0.9


def recordings(path: Path) -> Path:
    rows = 2000
    labels = ["walking", "sitting reading", "don/doff glasses", "walking"]
    users = ["D1_u02", "D1_u02", "D1_u02", "D1_u05"]
    np.savez(
        path,
        signal=np.tile(np.array([9800, 0, 0, 0, 0, 0], np.int16), (4 * rows, 1)),
        scale=np.full(6, 1000, np.float32),
        recording_start=np.arange(4) * rows,
        recording_stop=(np.arange(4) + 1) * rows,
        recording_user=np.array(users),
        recording_label=np.array(labels),
    )
    return path


def test_recordings_are_kept_by_user_and_by_movement(tmp_path: Path) -> None:
    path = recordings(tmp_path / "classyglass_50hz.npz")
    train, everybody = HeadMotions.read(path, "train"), HeadMotions.read(path, None)
    assert (len(train.moving), len(train.still)) == (1, 1)
    assert (len(everybody.moving), len(everybody.still)) == (2, 1)
    with pytest.raises(HeadMotionError, match="no user of split 'validation'"):
        HeadMotions.read(path, "validation")


def test_a_recording_that_is_not_finite_is_left_out(tmp_path: Path) -> None:
    path = recordings(tmp_path / "classyglass_50hz.npz")
    with np.load(path) as file:
        arrays = dict(file)
    signal = arrays.pop("signal").astype(np.float32)
    signal[1000, 4] = np.nan
    np.savez(path, signal=signal, **arrays)
    everybody = HeadMotions.read(path, None)
    assert (len(everybody.moving), len(everybody.still)) == (1, 1)


def test_recordings_are_read_however_their_columns_are_stored(tmp_path: Path) -> None:
    path = recordings(tmp_path / "classyglass_50hz.npz")
    everybody = HeadMotions.read(path, None)
    with np.load(path) as file:
        arrays = dict(file)
    stored = {name: arrays[name].astype("S") for name in ("recording_user", "recording_label")}
    floats = {name: arrays[name].astype(float) for name in ("recording_start", "recording_stop")}
    np.savez(path, **(arrays | stored | floats))
    read = HeadMotions.read(path, None)
    assert (len(read.moving), len(read.still)) == (len(everybody.moving), len(everybody.still))
    np.testing.assert_array_equal(read.moving[0], everybody.moving[0])
    del arrays["recording_label"]
    np.savez(path, **arrays)
    with pytest.raises(HeadMotionError, match="has no array recording_label"):
        HeadMotions.read(path, None)


def test_real_heads_turn_by_degrees_a_second() -> None:
    path = shared_data() / "imu" / "classyglass_50hz.npz"
    motions = HeadMotions.read(path, "validation")
    rng = np.random.default_rng(3)
    speeds = [np.abs(np.diff(motions.draw(rng, 2).head)).mean() * 50 for _ in range(40)]
    assert 2 < np.rad2deg(np.median(speeds)) < 40
