import numpy as np
import torch

from models.egolog.near_field import NearField, near_mel

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
