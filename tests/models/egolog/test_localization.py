import numpy as np
import pytest
import torch

from models.egolog.localization import Localization, LocalizationConfig, LocalizationError
from models.features import Features
from models.research.egolog.augment import mirrored_maps

torch.manual_seed(0)


def second(maps: int, batch: int = 2, frames: int = 50) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.rand(batch, maps, frames, 64) * 5, torch.randn(batch, 6, frames)


@pytest.mark.parametrize("maps", [1, 3, 10])
@pytest.mark.parametrize("frames", [25, 50])
def test_a_second_or_a_half_gets_a_logit_for_each_region(maps: int, frames: int) -> None:
    network = Localization(LocalizationConfig(maps=maps)).eval()
    x, imu = second(maps, frames=frames)
    for found in (network(x, imu), network(x, None)):
        assert found.regions.shape == (2, 8)
        assert (found.heat is None) == (maps == 1)
        if found.heat is not None:
            assert found.heat.shape == (2, 2, 72)
    assert (network.regions(x, imu) >= 0).all()


def test_the_motion_branch_has_the_papers_width() -> None:
    motion = Localization().eval().motion
    seen = []
    motion.widen.register_forward_hook(lambda _module, _args, out: seen.append(out.shape))
    assert motion(torch.randn(2, 6, 50)).shape[:2] == (2, 10)
    assert seen == [(2, 50, 384)]


def test_an_item_without_motion_in_a_batch_equals_one_alone() -> None:
    network = Localization().eval()
    x, imu = second(3)
    mixed = network(x, imu, torch.tensor([True, False])).regions
    torch.testing.assert_close(mixed[1:], network(x[1:], None).regions)
    torch.testing.assert_close(mixed[:1], network(x[:1], imu[:1]).regions)


def test_loudness_changes_no_spectral_feature() -> None:
    spectra = Localization().eval().spectra
    x, _ = second(3)
    for quiet, loud in zip(spectra(x[:, :2]), spectra(x[:, :2] + 2.0), strict=True):
        torch.testing.assert_close(quiet, loud, atol=1e-4, rtol=1e-4)


def test_the_networks_are_small() -> None:
    for maps in (1, 3, 10):
        count = sum(p.numel() for p in Localization(LocalizationConfig(maps=maps)).parameters())
        assert 300_000 < count < 620_000


def test_other_numbers_of_microphones_are_refused() -> None:
    with pytest.raises(LocalizationError, match="maps is 6; expected 1, 3 or 10"):
        Localization(LocalizationConfig(maps=6))


def test_mirrored_maps_of_four_microphones_are_those_of_swapped_sides() -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, (4, 16_000)).astype(np.float32)
    sound[2] = np.roll(sound[0], 3)
    sound[3] = np.roll(sound[0], 5)
    there = np.ones(16_000, dtype=bool)
    plain, swapped = (
        torch.from_numpy(Features().audio(s, 16_000, there)["maps"].astype(np.float32))[None]
        for s in (sound, np.ascontiguousarray(sound[[1, 0, 3, 2]]))
    )
    torch.testing.assert_close(
        mirrored_maps(plain)[..., 1:], swapped[..., 1:], atol=2e-3, rtol=1e-3
    )
