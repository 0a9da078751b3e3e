import pytest
import torch

from models.egolog.imu_encoder import MIDDLE_ROWS, ImuEncoder, ImuEncoderConfig

torch.manual_seed(0)


@pytest.mark.parametrize("rows", [50, 100, 250, 500])
def test_motion_of_any_length_has_features_and_motion_logits(rows: int) -> None:
    output = ImuEncoder().eval()(torch.randn(2, rows, 6))
    assert output.features.shape == (2, 128)
    assert output.logits.shape == (2, 4)


def test_the_motion_class_is_that_of_the_middle_two_seconds() -> None:
    encoder = ImuEncoder(ImuEncoderConfig(width=16, dilations=(1,))).eval()
    tokens = torch.randn(2, 63, 16)
    output = encoder.pool(tokens)
    count = MIDDLE_ROWS // encoder.config.stride
    elsewhere = tokens.clone()
    elsewhere[:, : (63 - count) // 2] += 3.0
    elsewhere[:, (63 + count) // 2 :] += 3.0
    again = encoder.pool(elsewhere)
    assert torch.equal(again.logits, output.logits)
    assert not torch.allclose(again.features, output.features)


def test_a_segment_of_the_scenario_has_one_set_of_features() -> None:
    encoder = ImuEncoder(ImuEncoderConfig(width=16, dilations=(1,))).eval()
    output = encoder.pool(torch.randn(2, 25, 16))
    assert torch.equal(output.logits, encoder.motions(output.features))


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


def test_a_second_has_the_features_of_its_own_tokens() -> None:
    encoder = ImuEncoder(ImuEncoderConfig(width=16, dilations=(1,))).eval()
    tokens = torch.randn(2, 63, 16)
    seconds = encoder.seconds(tokens, 250)
    assert seconds.shape == (2, 5, 128)
    torch.testing.assert_close(seconds[:, 1], encoder.pool(tokens[:, 12:25]).features)
    changed = tokens.clone()
    changed[:, 50:] += 3.0
    again = encoder.seconds(changed, 250)
    assert torch.equal(again[:, :4], seconds[:, :4])
    assert not torch.allclose(again[:, 4], seconds[:, 4])


def test_rows_that_are_left_over_belong_to_the_last_second() -> None:
    encoder = ImuEncoder(ImuEncoderConfig(width=16, dilations=(1,))).eval()
    tokens = torch.randn(1, 20, 16)
    torch.testing.assert_close(encoder.seconds(tokens, 80)[:, 0], encoder.pool(tokens).features)
