"""The last layer of two ears, trained on a few seconds on the processor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from models.egolog.localization import LOCALIZATION, Localization, LocalizationConfig
from models.research.egolog import output_layer, two_ears
from models.research.egolog.output_layer import OutputExamples, examples, fit_output
from models.serving.registry import Registry
from schemas.evidence import REGIONS
from tests.models.research.egolog.batched_material import world

if TYPE_CHECKING:
    from pathlib import Path

SMALL = LocalizationConfig(channels=(8, 16, 16), steered=(8, 8), hidden=32)


def small() -> Localization:
    torch.manual_seed(0)
    return Localization(SMALL).eval().requires_grad_(False)


def test_features_and_what_stands_beside_them_make_the_logits() -> None:
    network, rng = small(), torch.Generator().manual_seed(0)
    shown = examples(network, world(), 1, rng)
    seconds = 2 * 2  # of one clip, seen twice
    assert shown.features.shape == (seconds, network.out.in_features)
    assert shown.beside.shape == shown.regions.shape == (seconds, len(REGIONS))
    assert not network.out._forward_pre_hooks


def test_only_the_last_layer_learns_and_the_loss_falls() -> None:
    network, rng = small(), torch.Generator().manual_seed(0)
    features = torch.randn(512, network.out.in_features, generator=rng)
    near = (features[:, 0] > 0).float()
    regions = torch.zeros(512, len(REGIONS))
    regions[:, 0], regions[:, 1] = near, 1 - near
    shown = OutputExamples(features, torch.zeros(512, 8), regions, near, torch.ones(512))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fit_output(network, shown, rng)
    changed = [n for n, v in network.state_dict().items() if not torch.equal(v, before[n])]
    assert changed == ["out.weight", "out.bias"]
    moved = network.out.weight - before["out.weight"]
    assert moved[0, 0] > moved[0, 1:].abs().max()
    assert moved[1, 0] < -moved[1, 1:].abs().max()


def test_the_command_writes_weights_and_tells_what_validation_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Registry(tmp_path).save(LOCALIZATION, small(), tmp_path / "localization.safetensors")
    monkeypatch.setenv("EGOLOG_SHARED_DATA", str(tmp_path))
    (tmp_path / "audio").mkdir()
    monkeypatch.setattr(
        two_ears, "read", lambda *_, **__: two_ears.Worlds(world(), world(), world())
    )
    monkeypatch.setattr(output_layer, "VALIDATION_CLIPS", 2)
    out = tmp_path / "made" / "localization.safetensors"
    out.parent.mkdir()
    arguments = ["--weights", str(tmp_path), "--out", str(out)]
    output_layer.main([*arguments, "--clips", "1"])
    said = capsys.readouterr().out
    assert "before: validation" in said
    assert "now: validation" in said
    assert "MIT KEMAR in the dry" in said
    assert Registry(out.parent).load(LOCALIZATION).module.temper.shape == (2,)
    with pytest.raises(SystemExit):
        output_layer.main([*arguments, "--clips", "0"])
