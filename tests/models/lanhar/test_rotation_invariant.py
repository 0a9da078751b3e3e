import numpy as np
import torch

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


def windows(count: int = 4) -> torch.Tensor:
    return torch.from_numpy(np.stack([steps(RNG, 1.8, 2.0) for _ in range(count)]))


def turned(imu: torch.Tensor) -> torch.Tensor:
    turn = rotations(len(imu), torch.Generator().manual_seed(0))
    return torch.cat([imu[..., :3] @ turn, imu[..., 3:] @ turn], dim=2)


def test_measures_and_channels_do_not_depend_on_how_the_sensor_is_turned() -> None:
    imu = windows()
    torch.testing.assert_close(measures(imu), measures(turned(imu)), atol=2e-3, rtol=2e-3)
    torch.testing.assert_close(channels(imu), channels(turned(imu)), atol=2e-3, rtol=2e-3)


def test_a_scale_error_of_the_accelerometer_and_a_bias_of_the_gyroscope_change_nothing() -> None:
    imu = windows()
    wrong = imu.clone()
    wrong[..., :3] *= 1.04
    wrong[..., 3:] += 0.05
    torch.testing.assert_close(measures(imu), measures(wrong), atol=2e-3, rtol=2e-3)


def test_shapes_hold_for_shorter_windows() -> None:
    imu = windows()[:, :100]
    assert measures(imu).shape == (4, len(MEASURES))
    assert channels(imu).shape == (4, CHANNELS, 100)


def test_gravity_is_taken_out_of_the_vertical() -> None:
    vertical, horizontal, _, _ = split(torch.from_numpy(rest(RNG))[None])
    assert vertical.abs().max() < 0.3
    assert horizontal.abs().max() < 0.3


def test_the_step_rate_is_found() -> None:
    found = measures(windows())[:, MEASURES.index("step_hz")]
    assert (found - 1.8).abs().max() < 0.1


def test_a_sensor_that_reads_nothing_gives_finite_measures() -> None:
    assert torch.isfinite(measures(torch.zeros(2, 120, 6))).all()
    assert torch.isfinite(channels(torch.zeros(2, 120, 6))).all()


def test_a_low_pass_keeps_what_is_slow_and_stops_what_is_fast() -> None:
    time = torch.arange(120) / 20
    slow, fast = torch.sin(2 * torch.pi * time)[None], torch.sin(2 * torch.pi * 8 * time)[None]
    # Mirroring puts a kink at the ends.
    inner = slice(5, -5)
    assert (below(slow, 4.0)[0] - slow)[:, inner].abs().max() < 0.02
    assert below(fast, 4.0)[0][:, inner].abs().max() < 0.1


def test_each_measure_has_one_name() -> None:
    assert len(set(MEASURES)) == len(MEASURES)
    assert len(set(GAIT)) == 10
