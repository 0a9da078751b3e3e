import pytest
import torch

from models.egolog.imu_encoder import ImuEncoder, ImuEncoderConfig

torch.manual_seed(0)


@pytest.mark.parametrize("rows", [50, 100, 250, 500])
def test_motion_of_any_length_has_features_and_motion_logits(rows: int) -> None:
    moved = ImuEncoder().eval()(torch.randn(2, rows, 6))
    assert moved.features.shape == (2, 128)
    assert moved.logits.shape == (2, 4)


def test_a_token_stands_for_80_ms() -> None:
    encoder = ImuEncoder(ImuEncoderConfig(width=32)).eval()
    assert encoder.tokens(torch.randn(1, 100, 6)).shape == (1, 25, 32)


def test_the_convolutions_let_a_token_see_seconds_around_it() -> None:
    encoder = ImuEncoder(ImuEncoderConfig(width=16, layers=1)).eval()
    lifted = encoder.lift
    still = torch.zeros(1, 10, 300)
    struck = still.clone()
    struck[..., 150] = 5.0
    changed = (lifted(struck) - lifted(still)).abs().amax(dim=(0, 1)) > 0
    reach = torch.nonzero(changed).flatten()
    assert 4 * (reach[-1] - reach[0]) * 20 >= 2_000


def test_the_encoder_is_small() -> None:
    assert sum(p.numel() for p in ImuEncoder().parameters()) < 1_000_000
