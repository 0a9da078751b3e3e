import torch
from torch import Tensor

from models.egolog.har import Har, HarConfig

NONE, YES = torch.tensor([False]), torch.tensor([True])


def network_with_seconds() -> Har:
    torch.manual_seed(0)
    network = Har(HarConfig(seconds_width=16)).eval()
    assert network.seconds is not None
    torch.nn.init.normal_(network.seconds.out.weight)
    return network


def inputs(audio: Tensor, imu: Tensor) -> dict[str, Tensor]:
    """Return a window that has sound and motion where the masks (1,) say so, and a scenario."""
    torch.manual_seed(1)
    return {
        "audio": torch.randn(1, 256),
        "audio_mask": audio,
        "imu": torch.randn(1, 128),
        "imu_mask": imu,
        "text": torch.randn(1, 1, 384),
        "text_mask": YES[None],
    }


def seconds(count: int = 5) -> dict[str, Tensor]:
    torch.manual_seed(count)
    return {
        "audio_seconds": torch.randn(1, count, 256),
        "imu_seconds": torch.randn(1, count, 128),
    }


def test_seconds_that_nobody_trained_leave_the_fusions_word() -> None:
    network = Har(HarConfig(seconds_width=16)).eval()
    window = inputs(YES, YES)
    assert torch.equal(network(**window, **seconds()), network.fuse(**window))


def test_without_sound_the_fusion_alone_speaks() -> None:
    network, window = network_with_seconds(), inputs(NONE, YES)
    assert torch.equal(network(**window, **seconds()), network(**window))
    with_sound = inputs(YES, YES)
    assert not torch.allclose(network(**with_sound, **seconds()), network(**with_sound))


def test_motion_that_is_missing_counts_for_nothing() -> None:
    network, window = network_with_seconds(), inputs(YES, NONE)
    one = seconds()
    other = {**one, "imu_seconds": torch.randn(1, 5, 128)}
    assert torch.equal(network(**window, **one), network(**window, **other))


def test_seconds_count_alike_and_any_number_of_them_may_be_there() -> None:
    network, window, shown = network_with_seconds(), inputs(YES, YES), seconds()
    turned = {name: part.flip(1) for name, part in shown.items()}
    torch.testing.assert_close(network(**window, **shown), network(**window, **turned))
    for count in (1, 10):
        assert torch.isfinite(network(**window, **seconds(count))).all()
