from pathlib import Path

import pytest
import torch

from models.network.published_weights import WrongWeightsError
from models.research.papers.pretrained import open_encoder
from models.research.papers.pretrained.limu_bert import LimuBert, LimuBertConfig, load
from tests.models.research.papers.pretrained import small_files


def test_a_file_of_the_official_names_and_shapes_loads(tmp_path: Path) -> None:
    torch.save(small_files.limu_bert(), tmp_path / "limu_v1.pt")
    module = load(tmp_path / "limu_v1.pt")
    assert module.config == LimuBertConfig()
    imu = torch.randn(3, 100, 6)
    seen = module(imu)
    assert seen.features.shape == (3, 72)
    assert seen.logits.shape == (3, 0)


def test_sizes_are_read_off_the_file(tmp_path: Path) -> None:
    torch.save(small_files.limu_bert(24, 48, 20), tmp_path / "x.pt")
    assert load(tmp_path / "x.pt").config == LimuBertConfig(6, 24, 48, 20)


def test_all_layers_share_their_weights() -> None:
    deep = LimuBert(LimuBertConfig(layers=12))
    assert sum(p.numel() for p in deep.parameters()) == 62_646
    assert sum(p.numel() for p in LimuBert().parameters()) == 62_646


def test_gravity_reaches_the_network_as_one_g_at_20_hz() -> None:
    module = LimuBert().eval()
    seen: list[torch.Tensor] = []
    module.transformer.embed.lin.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    imu = torch.zeros(1, 100, 6)
    imu[..., 2], imu[..., 5] = 9.8, 0.5
    module(imu)
    assert seen[0].shape == (1, 40, 6)
    torch.testing.assert_close(seen[0][..., 2], torch.ones(1, 40))
    torch.testing.assert_close(seen[0][..., 5], torch.full((1, 40), 0.5))


def test_longer_motion_than_six_seconds_is_cut(tmp_path: Path) -> None:
    module = LimuBert().eval()
    assert module(torch.randn(1, 1_500, 6)).features.shape == (1, 72)


def test_a_wrong_file_is_named_by_its_key(tmp_path: Path) -> None:
    tensors, path = small_files.limu_bert(), tmp_path / "x.pt"
    torch.save({**tensors, "transformer.attn.proj_k.bias": torch.ones(9)}, path)
    want = r"'transformer\.attn\.proj_k\.bias' of shape \(9,\); expected \(72,\)"
    with pytest.raises(WrongWeightsError, match=want):
        load(path)
    del tensors["transformer.norm2.beta"]
    torch.save(tensors, path)
    with pytest.raises(WrongWeightsError, match=r"lack 'transformer\.norm2\.beta'"):
        open_encoder(f"limu-bert:{path}")
