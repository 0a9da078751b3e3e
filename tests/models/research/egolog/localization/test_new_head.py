import torch

from models.egolog.localization import Localization, LocalizationConfig
from models.research.egolog.localization.new_head import with_new_head

SMALL = LocalizationConfig(channels=(8, 16, 16), steered=(8, 8), hidden=32)


def test_a_new_head_adds_nothing_yet() -> None:
    torch.manual_seed(0)
    network = Localization(SMALL).eval().requires_grad_(False)
    headed = with_new_head(with_new_head(network, 4), 8)
    assert headed.config.distance_hidden == 8
    maps, imu = torch.rand(2, 3, 50, 64), torch.randn(2, 6, 50)
    with torch.inference_mode():
        assert torch.equal(headed(maps, imu).regions, network(maps, imu).regions)


def test_a_head_is_taken_off_and_the_calibration_with_it() -> None:
    headed = with_new_head(Localization(SMALL), 4)
    headed.temper.fill_(2.0)
    plain = with_new_head(headed, None)
    assert plain.distance is None
    assert plain.temper.tolist() == [1.0, 1.0]
    assert headed.temper.tolist() == [2.0, 2.0]
