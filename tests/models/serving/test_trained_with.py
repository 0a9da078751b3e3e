"""Rules of `models.serving.trained_with`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save_file

from models.egolog.contrastive import ENCODERS, Encoders
from models.egolog.har import HAR, Har, HarConfig
from models.egolog.scenario import SCENARIO
from models.serving.registry import WEIGHTS_DIR, DamagedWeightsError, Registry
from models.serving.served import ALL, TRAINED_WITH
from models.serving.trained_with import trained_with_others
from models.serving.weights_file import write_weights
from tests.models import fresh

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return fresh.registry(tmp_path)


def with_other(registry: Registry, part: str) -> None:
    """Save the encoders with other tensors whose names begin with `part`."""
    encoders: Encoders = registry.load(ENCODERS).module
    others = [value for name, value in encoders.state_dict().items() if name.startswith(part)]
    assert others
    with torch.no_grad():
        for value in others:
            value.copy_(value + 1)
    registry.save(ENCODERS, encoders)


def test_shipped_weights_say_what_they_were_trained_with_and_it_is_there() -> None:
    keys = {each.name: each for each in ALL}
    for name, others in TRAINED_WITH.items():
        assert list(Registry().weights(keys[name]).trained_with) == [each.name for each in others]
    assert trained_with_others(WEIGHTS_DIR) == []


@pytest.mark.parametrize("part", ["audio.first", "shared_audio", "shared_imu", "space"])
def test_networks_beside_encoders_of_other_features_are_named_with_both_files(
    registry: Registry, tmp_path: Path, part: str
) -> None:
    assert trained_with_others(tmp_path) == []
    with_other(registry, part)
    lines = trained_with_others(tmp_path)
    above = ["scenario", "scenario_familiarity", "har", "familiarity"]
    encoders = tmp_path / "encoders.safetensors"
    for name, line in zip(above, lines, strict=True):
        file = tmp_path / f"{name}.safetensors"
        assert line.startswith(
            f"weights {file} were trained with other weights than {encoders}: with "
        )


@pytest.mark.parametrize("part", ["audio.tower", "audio.events", "audio.classify", "imu"])
def test_encoders_that_name_sounds_and_motions_otherwise_leave_the_networks_above_right(
    registry: Registry, tmp_path: Path, part: str
) -> None:
    before = registry.weights(ENCODERS).revision
    with_other(registry, part)
    assert registry.weights(ENCODERS).revision != before
    assert trained_with_others(tmp_path) == []


def test_a_network_of_another_folder_is_named(registry: Registry, tmp_path: Path) -> None:
    other = tmp_path / "other"
    elsewhere = fresh.registry(other)
    with_other(elsewhere, "shared_imu")
    elsewhere.save(HAR, Har(HarConfig(seconds_width=96)))
    (tmp_path / "har.safetensors").write_bytes((other / "har.safetensors").read_bytes())
    lines = trained_with_others(tmp_path)
    encoders, har, familiarity = (
        tmp_path / f"{name}.safetensors" for name in ("encoders", "har", "familiarity")
    )
    assert [line.split(":")[0] for line in lines] == [
        f"weights {har} were trained with other weights than {encoders}",
        f"weights {familiarity} were trained with other weights than {har}",
    ]


def test_a_network_saved_elsewhere_says_what_is_beside_where_it_was_trained(
    registry: Registry, tmp_path: Path
) -> None:
    path = tmp_path / "tuned" / "revision.safetensors"
    path.parent.mkdir()
    registry.save(SCENARIO, registry.load(SCENARIO).module, path)
    trained_with = registry.weights(SCENARIO).trained_with
    assert trained_with
    assert registry.weights(SCENARIO, path).trained_with == trained_with


@pytest.mark.parametrize("said", ["{", "[]", '{"encoders": 3}', ""])
def test_a_header_that_is_damaged_is_refused_by_name(registry: Registry, said: str) -> None:
    weights, path = registry.weights(HAR), registry.path(HAR)
    with safe_open(path, framework="np") as opened:
        header = {**opened.metadata(), "trained_with": said}
    save_file(dict(weights.tensors), path, header)
    with pytest.raises(DamagedWeightsError, match=r"har\.safetensors say trained_with '"):
        registry.weights(HAR)
    assert not [line for line in trained_with_others(path.parent) if "har." in line]


def test_weights_that_do_not_say_it_have_the_same_revision_and_are_not_named(
    registry: Registry, tmp_path: Path
) -> None:
    saved = registry.weights(HAR)
    assert saved.trained_with
    config = {"activities": 16}
    said = write_weights(HAR, config, saved.tensors, tmp_path / "a", saved.trained_with)
    silent = write_weights(HAR, config, saved.tensors, registry.path(HAR))
    assert (silent.revision, silent.trained_with) == (said.revision, {})
    with_other(registry, "shared_imu")
    assert not [line for line in trained_with_others(tmp_path) if f"{HAR.name}.saf" in line[:99]]
