import numpy as np
import torch
from numpy.typing import NDArray

from models.lanhar.rotation_invariant import (
    CHANNELS,
    GAIT,
    MEASURES,
    below,
    channels,
    measures,
    split,
)
from models.research.lanhar.training.augment import rotations
from tests.models.research.lanhar.motion import rest, steps

RNG = np.random.default_rng(0)


def windows(count: int = 4) -> NDArray[np.float32]:
    return np.stack([steps(RNG, 1.8, 2.0) for _ in range(count)])


def rotate(imu: NDArray[np.float32]) -> NDArray[np.float32]:
    turn = rotations(len(imu), torch.Generator().manual_seed(0)).numpy()
    return np.concatenate([imu[..., :3] @ turn, imu[..., 3:] @ turn], axis=2)


def test_measures_and_channels_do_not_depend_on_how_the_sensor_is_turned() -> None:
    imu = windows()
    np.testing.assert_allclose(measures(imu), measures(rotate(imu)), atol=2e-3, rtol=2e-3)
    np.testing.assert_allclose(channels(imu), channels(rotate(imu)), atol=2e-3, rtol=2e-3)


def test_a_scale_error_of_the_accelerometer_and_a_bias_of_the_gyroscope_change_nothing() -> None:
    imu = windows()
    wrong = imu.copy()
    wrong[..., :3] *= 1.04
    wrong[..., 3:] += 0.05
    np.testing.assert_allclose(measures(imu), measures(wrong), atol=2e-3, rtol=2e-3)


def test_shapes_hold_for_shorter_windows() -> None:
    imu = windows()[:, :100]
    assert measures(imu).shape == (4, len(MEASURES))
    assert channels(imu).shape == (4, CHANNELS, 100)


def test_gravity_is_taken_out_of_the_vertical() -> None:
    vertical, horizontal, _, _ = split(rest(RNG)[None])
    assert np.abs(vertical).max() < 0.3
    assert np.abs(horizontal).max() < 0.3


def test_the_step_rate_is_found() -> None:
    found = measures(windows())[:, MEASURES.index("step_hz")]
    assert np.abs(found - 1.8).max() < 0.1


def test_a_sensor_that_reads_nothing_gives_finite_measures() -> None:
    assert np.isfinite(measures(np.zeros((2, 120, 6)))).all()
    assert np.isfinite(channels(np.zeros((2, 120, 6)))).all()


def test_a_low_pass_keeps_what_is_slow_and_stops_what_is_fast() -> None:
    time = np.arange(120) / 20
    slow, fast = np.sin(2 * np.pi * time)[None], np.sin(2 * np.pi * 8 * time)[None]
    # Mirroring puts a kink at the ends.
    inner = slice(5, -5)
    assert np.abs((below(slow, 4.0)[0] - slow)[:, inner]).max() < 0.02
    assert np.abs(below(fast, 4.0)[0][:, inner]).max() < 0.1


def test_each_measure_has_one_name() -> None:
    assert len(set(MEASURES)) == len(MEASURES)
    assert len(set(GAIT)) == 10
