from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from models.egolog.audio_tagger.efficientat import EfficientAT, EfficientATConfig, load
from models.network.published_weights import WrongWeightsError
from models.research.papers.pretrained import open_encoder
from tests.models.research.papers.pretrained import small_files


def test_a_file_of_the_official_names_and_shapes_loads(tmp_path: Path) -> None:
    tensors = small_files.efficientat()
    torch.save(tensors, tmp_path / "mn04_as.pt")
    save_file(tensors, tmp_path / "mn04_as.safetensors")
    sound = torch.randn(2, 32_000) * 0.1
    outputs = []
    for name in ("mn04_as.pt", "mn04_as.safetensors"):
        module = load(tmp_path / name)
        assert (module.config, module.width) == (EfficientATConfig(0.4, 527), 384)
        with torch.inference_mode():
            outputs.append(module(sound))
    assert outputs[0].features.shape == (2, 384)
    assert outputs[0].logits.shape == (2, 527)
    torch.testing.assert_close(outputs[0].features, outputs[1].features)


def test_a_file_with_the_fully_convolutional_head_loads(tmp_path: Path) -> None:
    tensors = {k: v for k, v in small_files.efficientat().items() if not k.startswith("classifier")}
    head = {
        "classifier.0.weight": torch.randn(50, 384, 1, 1),
        **{f"classifier.1.{n}": torch.rand(50) for n in ("weight", "bias", "running_mean")},
        "classifier.1.running_var": torch.rand(50) + 0.5,
        "classifier.1.num_batches_tracked": torch.tensor(5),
    }
    torch.save(tensors | head, tmp_path / "mn04_as_fc.pt")
    module = load(tmp_path / "mn04_as_fc.pt")
    assert module.config == EfficientATConfig(0.4, 50, convolutional=True)
    with torch.inference_mode():
        out = module(torch.randn(2, 32_000) * 0.1)
    # Averaged over places, convolution and normalisation are those of the averaged features.
    convolved = out.features @ head["classifier.0.weight"][:, :, 0, 0].T
    scale = head["classifier.1.weight"] / (head["classifier.1.running_var"] + 1e-5).sqrt()
    shifted = (convolved - head["classifier.1.running_mean"]) * scale + head["classifier.1.bias"]
    torch.testing.assert_close(out.logits, shifted, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize(("width", "millions"), [(0.4, 0.98), (1.0, 4.88)])
def test_parameters_are_as_many_as_published(width: float, millions: float) -> None:
    count = sum(p.numel() for p in EfficientAT(EfficientATConfig(width)).parameters())
    assert round(count / 1e6, 2) == millions


def test_a_wrong_file_is_named_by_its_key(tmp_path: Path) -> None:
    tensors = small_files.efficientat()
    path = tmp_path / "x.pt"
    key = "features.4.block.2.conc_se_layers.0.fc1.weight"
    torch.save({k: v for k, v in tensors.items() if k != key}, path)
    with pytest.raises(WrongWeightsError, match=f"lack '{key}'"):
        load(path)
    torch.save({**tensors, "features.0.0.weight": torch.ones(16, 1, 3, 3)}, path)
    want = r"'features\.0\.0\.weight' of shape \(16, 1, 3, 3\); expected \(8, 1, 3, 3\)"
    with pytest.raises(WrongWeightsError, match=want):
        load(path)
    torch.save({**tensors, "classifier.2.weight": torch.ones(500, 384)}, path)
    with pytest.raises(WrongWeightsError, match=r"of shape \(500, 384\); expected \(512, 384\)"):
        load(path)
    torch.save({**tensors, "features.16.1.weight": torch.ones(500)}, path)
    with pytest.raises(WrongWeightsError, match=r"500 channels; expected one of 96, 192, 384"):
        load(path)
    torch.save(small_files.limu_bert(), path)
    with pytest.raises(WrongWeightsError, match=r"lack 'features\.16\.1\.weight'"):
        open_encoder(f"efficientat:{path}")


def test_a_segment_of_silence_has_finite_features() -> None:
    module = EfficientAT(EfficientATConfig(0.1)).eval()
    assert torch.isfinite(module(torch.zeros(1, 32_000)).features).all()
