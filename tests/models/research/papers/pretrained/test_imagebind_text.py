from pathlib import Path

import pytest
import torch

from models.network.published_weights import (
    PretrainedError,
    UnreadableWeightsError,
    WrongWeightsError,
)
from models.research.papers.pretrained import SPECS, open_encoder
from models.research.papers.pretrained.imagebind_text import (
    ImageBindText,
    ImageBindTextConfig,
    load,
)
from tests.models.research.papers.pretrained import small_files
from tests.models.research.papers.pretrained.byte_pairs import MERGES, vocabulary

TOKENS = 512 + len(MERGES) + 2


def test_a_file_of_the_official_names_loads_and_embeds_texts(tmp_path: Path) -> None:
    torch.save(small_files.imagebind(TOKENS), tmp_path / "imagebind_huge.pth")
    vocabulary(tmp_path)
    module = open_encoder(f"imagebind-text:{tmp_path / 'imagebind_huge.pth'}")
    assert isinstance(module, ImageBindText)
    assert module.config == ImageBindTextConfig(64, 2, 1, TOKENS, 77, 32)
    vectors = module.embed(["cooking", "the", "cooking"])
    assert vectors.shape == (3, 32)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(3))
    torch.testing.assert_close(vectors[0], vectors[2])
    assert (vectors[0] - vectors[1]).abs().max() > 0.01


def test_what_follows_the_end_token_changes_nothing(tmp_path: Path) -> None:
    torch.save(small_files.imagebind(TOKENS), tmp_path / "x.pth")
    module = load(tmp_path / "x.pth")
    tokens = torch.zeros(2, 77, dtype=torch.int64)
    tokens[:, 0], tokens[:, 1], tokens[:, 2] = TOKENS - 2, 5, TOKENS - 1
    tokens[1, 3:] = 7
    with torch.inference_mode():
        one, other = module(tokens)
    torch.testing.assert_close(one, other)


def test_the_published_size_is_302_million() -> None:
    with torch.device("meta"):
        module = ImageBindText()
    count = sum(p.numel() for p in module.parameters())
    # OpenCLIP ViT-H's text tower with its token embedding and the projection.
    assert round(count / 1e6) == 354
    assert round((count - 49_408 * 1024) / 1e6) == 303


def test_a_wrong_file_is_named_by_its_key(tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    tensors = small_files.imagebind(TOKENS)
    torch.save({**tensors, "modality_trunks.text.blocks.1.mlp.fc1.bias": torch.ones(3)}, path)
    want = r"'modality_trunks\.text\.blocks\.1\.mlp\.fc1\.bias' of shape \(3,\); expected \(256,\)"
    with pytest.raises(WrongWeightsError, match=want):
        load(path)
    torch.save({**tensors, "modality_heads.text.extra": torch.ones(3)}, path)
    with pytest.raises(WrongWeightsError, match=r"hold 'modality_heads\.text\.extra'"):
        load(path)
    torch.save(small_files.limu_bert(), path)
    with pytest.raises(WrongWeightsError, match=r"lack 'modality_preprocessors\.text\.token_emb"):
        load(path)


def test_the_vocabulary_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    torch.save(small_files.imagebind(TOKENS), path)
    with pytest.raises(UnreadableWeightsError, match=r"vocabulary .* does not exist"):
        open_encoder(f"imagebind-text:{path}")
    with pytest.raises(WrongWeightsError, match="no vocabulary was given"):
        load(path).embed(["cooking"])
    (tmp_path / "other").mkdir()
    other = vocabulary(tmp_path / "other", MERGES[:2])
    with pytest.raises(WrongWeightsError, match=f"has 516 tokens; .* expect {TOKENS}"):
        open_encoder(f"imagebind-text:{path},{other}")


@pytest.mark.parametrize("spec", ["", "bert:x", "efficientat:", "limu-bert"])
def test_an_unknown_encoder_lists_the_known_ones(spec: str) -> None:
    with pytest.raises(PretrainedError, match="is unknown") as raised:
        open_encoder(spec)
    assert all(known in str(raised.value) for known in SPECS)
