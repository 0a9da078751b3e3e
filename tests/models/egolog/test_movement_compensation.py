import math

import pytest
import torch

from models.egolog.movement_compensation import (
    CANDIDATES,
    RATE,
    MovementCompensation,
    candidate_azimuths,
    head_yaw,
)


def test_candidates_lie_symmetrically_around_the_head() -> None:
    azimuth = candidate_azimuths()
    assert len(azimuth) == CANDIDATES
    torch.testing.assert_close(azimuth + azimuth.flip(0), torch.full((CANDIDATES,), 2 * math.pi))


def test_a_turn_is_read_about_gravity_however_the_sensor_sits() -> None:
    turn, _ = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(1)))
    turn = turn * torch.linalg.det(turn).sign()
    imu = torch.zeros(1, 6, RATE)
    imu[:, :3] = (turn @ torch.tensor([0.0, 0.0, 9.8]))[None, :, None]
    imu[:, 3:] = (turn @ torch.tensor([0.3, 0.0, 0.5]))[None, :, None]
    yaw = head_yaw(imu)
    # Half a radian a second, about the vertical alone.
    assert float(yaw[0, -1] - yaw[0, 0]) == pytest.approx(0.5 * 49 / 50, rel=1e-4)
    assert float(yaw.mean()) == pytest.approx(0, abs=1e-6)


def ridge(compensation: MovementCompensation, azimuth: float, yaw: torch.Tensor) -> torch.Tensor:
    """GCC maps (1, 1, T, 64) of a source that stands at `azimuth` while the head turns."""
    towards = torch.tensor(azimuth) - yaw
    lag = -18.6 * torch.sin(towards) + 1.2 * torch.sin(3 * towards)
    return torch.exp(-0.5 * (torch.arange(64)[None, None] - 32 - lag[..., None]) ** 2)[None]


@pytest.mark.parametrize("degrees", [2.5, 32.5, -27.5, 147.5, 177.5])
def test_a_turning_head_tells_a_source_from_its_mirror_image(degrees: float) -> None:
    compensation = MovementCompensation(1, 64)
    yaw = torch.linspace(-0.25, 0.25, 50)[None]
    gcc = ridge(compensation, math.radians(degrees), yaw)
    seen = compensation(gcc, yaw)[0, 0].mean(dim=0)
    found = math.degrees(float(candidate_azimuths()[int(seen.argmax())]))
    assert (found - degrees + 180) % 360 - 180 == pytest.approx(0, abs=1e-3)
    mirror = (CANDIDATES // 2 - 1 - int(seen.argmax())) % CANDIDATES
    assert seen[mirror] < 0.75 * seen.max()
    # A head that is thought to be still cannot tell them apart.
    blurred = compensation(gcc, torch.zeros_like(yaw))[0, 0].mean(dim=0)
    torch.testing.assert_close(blurred[mirror], blurred[int(seen.argmax())], rtol=1e-3, atol=1e-4)


def test_an_array_is_steered_by_its_own_lags() -> None:
    compensation = MovementCompensation(2, 64)
    azimuth = candidate_azimuths()
    lag = torch.stack([8 * torch.cos(azimuth), 5 * torch.sin(azimuth)], dim=1)
    compensation.aim(lag)
    gcc = torch.arange(64.0).expand(1, 2, 5, 64)
    read = compensation(gcc, torch.zeros(1, 5))[0, :, 0]
    torch.testing.assert_close(read.T - 32, lag, atol=1e-2, rtol=1e-3)


def test_lags_can_be_learnt() -> None:
    compensation = MovementCompensation(1, 64)
    compensation(torch.rand(2, 1, 10, 64), torch.zeros(2, 10)).square().sum().backward()
    assert compensation.series.grad is not None
    assert compensation.series.grad.abs().max() > 0
