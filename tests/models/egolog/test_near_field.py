import numpy as np
import torch

from models.egolog.near_field import NearField
from models.egolog.near_share import NearShare, near_mel

torch.manual_seed(0)


def test_every_bin_of_every_frame_gets_a_share() -> None:
    network = NearField().eval()
    share = network.share(torch.rand(2, 3, 50, 64) * 10)
    assert share.shape == (2, 50, 64)
    assert (share >= 0).all()
    assert (share <= 1).all()


def test_the_network_is_small() -> None:
    assert 4 * sum(p.numel() for p in NearField().parameters()) < 500_000


def test_loudness_changes_no_share() -> None:
    network = NearField().eval()
    maps = torch.rand(1, 3, 50, 64) * 10
    louder = torch.cat([maps[:, :2] + 3.0, maps[:, 2:]], dim=1)
    torch.testing.assert_close(network.share(maps), network.share(louder), atol=1e-4, rtol=1e-4)


def test_the_near_log_mel_is_that_of_the_near_power() -> None:
    rng = np.random.default_rng(0)
    near, far = rng.uniform(1, 1e6, (2, 50, 64))
    whole = np.log1p(near + far).astype(np.float16)
    left = near_mel(whole, (near / (near + far)).astype(np.float32))
    np.testing.assert_allclose(left, np.log1p(near), atol=0.05)
    assert not near_mel(whole, np.zeros((50, 64), np.float32)).any()


def test_a_share_is_sent_in_steps_of_which_all_is_the_last() -> None:
    share = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (50, 1))
    near = NearShare.of(share, np.ones((3, 50, 64), np.float16))
    assert near.share.dtype == np.uint8
    assert (near.share[:, 0] == 0).all()
    assert (near.share[:, -1] == 255).all()
    assert np.abs(near.share / 255 - share).max() <= 0.5 / 255 + 1e-6


def test_the_energy_is_the_near_part_of_both_ears_power() -> None:
    maps = np.zeros((3, 50, 64), np.float16)
    maps[0, :, 0], maps[1, :, 1] = np.log1p(300.0), np.log1p(100.0)
    maps[2] = 9.0  # a GCC-PHAT is no power
    share = np.zeros((50, 64), np.float32)
    share[:, 0] = 1.0
    assert abs(NearShare.of(share, maps).energy - 0.75) < 0.002
    assert NearShare.of(np.ones_like(share), maps).energy == 1.0
    assert NearShare.of(share, np.zeros_like(maps)).energy == 0.0


def test_what_was_sent_takes_from_the_mean_of_both_ears_what_the_share_itself_takes() -> None:
    rng = np.random.default_rng(0)
    share = rng.uniform(0.02, 1, (50, 64)).astype(np.float32)
    mel = rng.uniform(5, 20, (50, 64)).astype(np.float16)
    sent = NearShare.of(share, np.stack([mel, mel, mel])).of_mel(mel)
    np.testing.assert_allclose(sent, near_mel(mel, share), atol=0.12)
    everything = NearShare.of(np.ones_like(share), np.stack([mel, mel, mel]))
    np.testing.assert_array_equal(everything.of_mel(mel), mel)
