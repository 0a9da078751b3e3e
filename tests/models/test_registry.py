"""Rules of `models.registry`."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from models.har import Har
from models.registry import (
    NAMES,
    WEIGHTS_DIR,
    DamagedWeightsError,
    MissingWeightsError,
    Registry,
    RegistryError,
    UnknownModelError,
)
from models.scenario import ScenarioConfig, ScenarioNet


@pytest.mark.parametrize("name", NAMES)
def test_every_network_ships_with_weights_that_load(name: str) -> None:
    loaded = Registry().load(name)
    assert loaded.name == name
    assert loaded.sha256.startswith(loaded.revision)
    assert len(loaded.revision) == 12
    assert not loaded.module.training
    assert not any(p.requires_grad for p in loaded.module.parameters())


def test_all_shipped_weights_together_stay_below_ten_megabytes() -> None:
    assert sum(f.stat().st_size for f in WEIGHTS_DIR.glob("*.safetensors")) < 10_000_000


def test_what_was_saved_loads_as_the_same_network(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    network = ScenarioNet(ScenarioConfig(hidden=32, sequence="lstm"))
    saved = registry.save("scenario", network)
    loaded = registry.load("scenario")
    assert loaded.revision == saved.revision
    assert loaded.module.config == network.config
    rows = torch.randn(2, 15, network.config.joined)
    assert torch.equal(network.eval()(rows), loaded.module(rows))


def test_a_revision_names_the_tensors(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    network = Har()
    first = registry.save("har", network)
    assert registry.save("har", network, tmp_path / "copy.safetensors").revision == first.revision
    with torch.no_grad():
        network.out.bias[0] += 1e-6
    assert registry.save("har", network).revision != first.revision


def test_weights_elsewhere_load_by_their_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    shutil.copy(Registry().path("har"), path)
    assert Registry().load("har", path).revision == Registry().load("har").revision


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownModelError, match=r"'vision' is unknown; want one of localization,"):
        Registry().load("vision")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingWeightsError, match=r"har\.safetensors do not exist") as caught:
        Registry(tmp_path).load("har")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("keep", [0, 5, 100, 2_000, -1])
def test_a_cut_file_is_named_as_damaged(tmp_path: Path, keep: int) -> None:
    whole = Registry().path("scenario_text").read_bytes()
    (tmp_path / "scenario_text.safetensors").write_bytes(whole[:keep])
    with pytest.raises(DamagedWeightsError, match=r"scenario_text.safetensors .*want") as caught:
        Registry(tmp_path).load("scenario_text")
    assert "\n" not in str(caught.value)


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    whole = bytearray(Registry().path("scenario_text").read_bytes())
    whole[-100] ^= 1
    (tmp_path / "scenario_text.safetensors").write_bytes(bytes(whole))
    with pytest.raises(DamagedWeightsError, match="sha256"):
        Registry(tmp_path).load("scenario_text")


def _rewritten(tmp_path: Path, name: str, changes: dict[str, str]) -> Registry:
    with safe_open(Registry().path(name), framework="pt") as file:
        metadata = file.metadata() | changes
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    save_file(tensors, tmp_path / f"{name}.safetensors", metadata=metadata)
    return Registry(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "other/1"},
        {"name": "har"},
        {"labels": '{"scenarios": ["A"]}'},
        {"config": "{"},
        {"sha256": ""},
    ],
)
def test_another_header_is_refused(tmp_path: Path, changes: dict[str, str]) -> None:
    with pytest.raises(RegistryError):
        _rewritten(tmp_path, "scenario", changes).load("scenario")


def test_a_safetensors_file_of_someone_else_is_refused(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(3)}, tmp_path / "har.safetensors")
    with pytest.raises(DamagedWeightsError, match="say format None"):
        Registry(tmp_path).load("har")
