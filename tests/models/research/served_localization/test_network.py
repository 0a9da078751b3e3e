"""What serves says of a second what the network that was trained says."""

from __future__ import annotations

import pytest
import torch

from models.egolog.localization import Localization, LocalizationConfig
from models.egolog.movement_compensation import CANDIDATES
from models.research.served_localization.network import regions, regions_and_heat


def network(maps: int, hidden: int | None = None) -> Localization:
    """Return a network none of whose numbers is one or zero by chance of its beginning."""
    torch.manual_seed(maps)
    made = Localization(LocalizationConfig(maps=maps, distance_hidden=hidden)).eval()
    for name, part in made.state_dict().items():
        if part.is_floating_point():
            part.add_(0.1 * torch.rand_like(part) * (0.2 if part.ndim > 1 else 1.0))
        assert "running_var" not in name or bool((part > 0).all())
    return made


@pytest.mark.parametrize("has_motion", [True, False])
@pytest.mark.parametrize(("maps", "hidden"), [(1, None), (1, 8), (3, None), (3, 8), (10, None)])
def test_the_served_form_says_the_same(maps: int, hidden: int | None, has_motion: bool) -> None:
    made, microphones = network(maps, hidden), {1: 1, 3: 2, 10: 4}[maps]
    seconds = torch.cat(
        [8 * torch.rand(1, microphones, 50, 64), torch.randn(1, maps - microphones, 50, 64)], dim=1
    )
    imu = torch.randn(1, 6, 50) + torch.tensor([1.0, 2.0, 9.0, 0.0, 0.3, 1.0])[:, None]
    has_imu = torch.tensor([has_motion])
    with torch.inference_mode():
        expected = made.calibrate(made(seconds, imu, has_imu).regions)
        served = regions(made, seconds, imu, has_imu)
    assert served.numpy() == pytest.approx(expected.numpy(), abs=2e-5)


def test_a_silent_second_at_rest_is_said_as_by_the_network() -> None:
    made = network(3)
    seconds, imu = torch.zeros(1, 3, 50, 64), torch.zeros(1, 6, 50)
    with torch.inference_mode():
        expected = made.regions(seconds, imu)
        served = regions(made, seconds, imu, torch.tensor([True]))
    assert served.numpy() == pytest.approx(expected.numpy(), abs=2e-5)


def test_heat_is_the_networks_from_the_quarter_ahead_on() -> None:
    made = network(3)
    seconds = torch.cat([8 * torch.rand(1, 2, 50, 64), torch.randn(1, 1, 50, 64)], dim=1)
    imu, has_motion = torch.randn(1, 6, 50), torch.tensor([True])
    with torch.inference_mode():
        expected = made(seconds, imu, has_motion).heat
        probabilities, heat = regions_and_heat(made, seconds, imu, has_motion)
        alone = regions(made, seconds, imu, has_motion)
    assert expected is not None
    # The first direction of the network is 2.5° left of straight ahead, in the quarter's middle.
    ahead = expected[0].roll(CANDIDATES // 8, dims=1)
    assert heat.numpy() == pytest.approx(ahead.numpy(), abs=1e-4)
    assert probabilities.equal(alone)


def test_one_microphone_has_no_heat() -> None:
    with pytest.raises(ValueError, match="hears no direction"):
        regions_and_heat(
            network(1), torch.zeros(1, 1, 50, 64), torch.zeros(1, 6, 50), torch.tensor([True])
        )
