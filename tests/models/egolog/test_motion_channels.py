import torch

from models.egolog.motion_channels import motion_channels


def test_gravity_aligned_channels_ignore_the_mounting() -> None:
    torch.manual_seed(0)
    imu = torch.randn(1, 100, 6, dtype=torch.float64)
    imu[..., 2] += 9.8
    turn, _ = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64))
    turn = turn * torch.linalg.det(turn).sign()
    turned = torch.cat([imu[..., :3] @ turn.T, imu[..., 3:] @ turn.T], dim=-1)
    torch.testing.assert_close(
        motion_channels(turned)[..., 6:], motion_channels(imu)[..., 6:], atol=1e-6, rtol=1e-6
    )
