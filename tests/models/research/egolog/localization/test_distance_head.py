"""The head that tells near from far, trained on a few seconds on the processor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from models.egolog.localization import LOCALIZATION, Localization, LocalizationConfig
from models.research.egolog.days import placed as placed_days
from models.research.egolog.localization import distance_head, two_ears
from models.research.egolog.localization.distance_head import (
    HeadExamples,
    examples,
    fit_head,
)
from models.research.egolog.localization.new_head import with_new_head
from models.serving.registry import Registry
from schemas.evidence import REGIONS
from tests.models.research.egolog.localization.batched.material import world
from tests.models.research.egolog.localization.batched.rendered import PLACING
from tests.models.research.egolog.localization.days_with_sounds import days_with_sounds

if TYPE_CHECKING:
    from pathlib import Path

SMALL = LocalizationConfig(channels=(8, 16, 16), steered=(8, 8), hidden=32)


def small() -> Localization:
    torch.manual_seed(0)
    return Localization(SMALL).eval().requires_grad_(False)


def test_features_and_logits_are_of_each_second_seen_twice() -> None:
    network, rng = with_new_head(small(), 64), torch.Generator().manual_seed(0)
    training = examples(
        network, world().draw_many(PLACING, 1, torch.Generator().manual_seed(0)), rng
    )
    seconds = 2 * 2  # of one clip, seen twice
    assert training.features.shape == (seconds, network.out.in_features)
    assert training.logits.shape == training.regions.shape == (seconds, len(REGIONS))
    assert not network.out._forward_pre_hooks


def test_only_the_head_learns_and_it_learns_what_no_linear_layer_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(distance_head, "_RATE", 2e-2)
    network, rng = with_new_head(small(), 16), torch.Generator().manual_seed(0)
    count = 6_144
    features = torch.zeros(count, network.out.in_features)
    features[:, :2] = 3 + 2 * torch.randn(count, 2, generator=rng)
    near = ((features[:, 0] - 3).abs() > 1.35).float()  # not linearly separable
    regions = torch.zeros(count, len(REGIONS))
    regions[:, 0], regions[:, 1] = near, 1 - near
    training = HeadExamples(features, torch.zeros(count, 8), regions, near, torch.ones(count))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fit_head(network, training, rng)
    changed = [n for n, v in network.state_dict().items() if not torch.equal(v, before[n])]
    assert changed
    assert all(name.startswith("distance.") for name in changed)
    assert network.distance is not None
    logits = network.distance(features)
    right = ((logits[:, 0] > logits[:, 1]) == (near > 0)).float().mean()
    assert right > 0.7, float(right)


@pytest.mark.training
def test_the_command_reproduces_its_own_weights_and_reports_the_validation_scores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    start, made = tmp_path / "start", tmp_path / "made"
    for folder in (start, made, tmp_path / "audio"):
        folder.mkdir()
    Registry(start).save(LOCALIZATION, small(), start / "localization.safetensors", half=True)
    monkeypatch.setenv("EGOLOG_SHARED_DATA", str(tmp_path))
    placed = days_with_sounds(["left-near"], ["back-far"], ["right-near"], ["front-far"])
    monkeypatch.setattr(placed_days, "compose", lambda *_: placed)
    monkeypatch.setattr(
        two_ears, "read_worlds", lambda *_, **__: two_ears.Worlds(world(), world(), world())
    )
    monkeypatch.setattr(distance_head, "VALIDATION_CLIPS", 4)
    monkeypatch.setattr(distance_head, "_PASSES", 1)
    arguments = ["--seeds", "3", "4", "--clips", "1", "--cache", str(tmp_path / "cache")]
    out = made / "localization.safetensors"
    distance_head.main([*arguments, "--weights", str(start), "--out", str(out)])
    output = capsys.readouterr().out
    assert "before: near is 0.500 of life" in output
    assert "without a head: " in output
    assert "seed 3: " in output
    assert "MIT KEMAR, dry" in output
    written = Registry(made).load(LOCALIZATION).module.state_dict()
    distance_head.main([*arguments, "--weights", str(made), "--out", str(out)])
    again = Registry(made).load(LOCALIZATION).module.state_dict()
    assert all(torch.equal(again[name], value) for name, value in written.items())
    with pytest.raises(SystemExit):
        distance_head.main([*arguments, "--out", str(out), "--stretches", "0"])
