"""Rules of `models.serving.registry`."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any, Self, assert_type

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from models.egolog.audio_encoder import AUDIO, SoundEncoder, SoundEncoderConfig
from models.egolog.har import HAR, Har
from models.egolog.scenario import SCENARIO, ScenarioConfig, ScenarioNet
from models.egolog.scenario_text import SCENARIO_TEXT
from models.labels import MOTIONS
from models.network.key import Key
from models.serving import served
from models.serving.catalogue import all_keys
from models.serving.graph_file import GRAPHS_DIR
from models.serving.registry import (
    WEIGHTS_DIR,
    DamagedWeightsError,
    MissingWeightsError,
    Registry,
    RegistryError,
)
from tests.models import fresh
from tests.package_graph import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from models.network.key import Config


def name_of(key: Key[Any]) -> str:
    return key.name


class Thermometer(nn.Module):
    """A network that this repository does not have."""

    def __init__(self, readings: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(readings))

    @classmethod
    def from_config(cls, config: Config) -> Self:
        return cls(config.get("readings", 3))


def test_a_network_is_added_by_declaring_its_key(tmp_path: Path) -> None:
    thermometer = Key("thermometer", Thermometer.from_config, ("motions",))
    saved = Registry(tmp_path).save(thermometer, Thermometer(3))
    loaded = Registry(tmp_path).load(thermometer)
    assert loaded.revision == saved.revision
    assert loaded.labels == {"motions": MOTIONS}
    assert torch.equal(loaded.module.scale, torch.ones(3))


def test_what_is_loaded_has_the_type_of_its_key() -> None:
    assert_type(Registry().load(SCENARIO).module, ScenarioNet)
    assert isinstance(Registry().load(SCENARIO).module, ScenarioNet)


@pytest.mark.parametrize("key", [key for key in all_keys() if key.shipped], ids=name_of)
def test_every_network_ships_with_weights_that_load(key: Key[Any]) -> None:
    loaded = Registry().load(key)
    assert loaded.name == key.name
    assert loaded.sha256.startswith(loaded.revision)
    assert len(loaded.revision) == 12
    assert not loaded.module.training
    assert not any(p.requires_grad for p in loaded.module.parameters())


def test_all_shipped_weights_together_stay_below_25_megabytes() -> None:
    assert sum(f.stat().st_size for f in WEIGHTS_DIR.glob("*.safetensors")) < 25_000_000


def test_what_was_saved_loads_as_the_same_network(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    network = ScenarioNet(ScenarioConfig(hidden=32, sequence="lstm"))
    saved = registry.save(SCENARIO, network)
    loaded = registry.load(SCENARIO)
    assert loaded.revision == saved.revision
    assert loaded.module.config == network.config
    rows = torch.randn(2, 15, network.config.row_width)
    assert torch.equal(network.eval()(rows), loaded.module(rows))


@pytest.mark.skipif(os.name != "posix", reason="files have no such permissions")
def test_what_was_saved_is_readable_to_whom_other_files_are(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    registry = Registry(tmp_path)
    registry.save(SCENARIO, ScenarioNet(ScenarioConfig(hidden=32, sequence="lstm")))
    assert registry.path(SCENARIO).stat().st_mode == (tmp_path / "other").stat().st_mode


def test_weights_stored_as_half_load_as_float32(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    network = SoundEncoder(SoundEncoderConfig(stem=8, stages=((16, 1, 2, 2),), maps=32)).eval()
    whole = registry.save(AUDIO, network)
    size = registry.path(AUDIO).stat().st_size
    saved = registry.save(AUDIO, network, half=True)
    loaded = registry.load(AUDIO)
    assert loaded.revision == saved.revision != whole.revision
    assert registry.path(AUDIO).stat().st_size < 0.6 * size
    assert all(p.dtype == torch.float32 for p in loaded.module.parameters())
    mel = torch.rand(2, 100, 64) * 20
    assert torch.equal(saved.module(mel).logits, loaded.module(mel).logits)
    assert torch.allclose(network(mel).logits, loaded.module(mel).logits, atol=0.05)


def test_a_weight_beyond_half_is_refused_by_name(tmp_path: Path) -> None:
    network = ScenarioNet(ScenarioConfig(hidden=32))
    with torch.no_grad():
        next(network.parameters()).fill_(1e6)
    with pytest.raises(ValueError, match="expected at most 65504 to store it as float16"):
        Registry(tmp_path).save(SCENARIO, network, half=True)
    assert not list(tmp_path.iterdir())


def test_a_revision_names_the_tensors(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    network = Har()
    first = registry.save(HAR, network)
    assert registry.save(HAR, network, tmp_path / "copy.safetensors").revision == first.revision
    with torch.no_grad():
        network.out.bias[0] += 1e-6
    assert registry.save(HAR, network).revision != first.revision


@pytest.mark.parametrize("key", all_keys(), ids=name_of)
def test_every_network_comes_back_as_it_was_saved(key: Key[Any], tmp_path: Path) -> None:
    network = fresh.networks()[key.name].eval()
    saved = Registry(tmp_path).save(key, network)
    loaded = Registry(tmp_path).load(key)
    assert (loaded.revision, loaded.labels) == (saved.revision, saved.labels)
    for part, value in network.state_dict().items():
        assert torch.equal(loaded.module.state_dict()[part], value), part
    assert getattr(loaded.module, "config", None) == getattr(network, "config", None)


def test_weights_elsewhere_load_by_their_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    saved = Registry(tmp_path).save(HAR, Har(), path)
    assert not Registry(tmp_path).path(HAR).is_file()
    assert Registry().load(HAR, path).revision == saved.revision


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingWeightsError, match=r"har\.safetensors do not exist") as caught:
        Registry(tmp_path).load(HAR)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("weights", [*served.ALL, served.ENCODERS_INT8], ids=lambda key: key.name)
def test_a_missing_file_names_the_module_that_makes_it(
    tmp_path: Path, weights: served.Served
) -> None:
    with pytest.raises(MissingWeightsError, match=r"\(made by python -m \S+\)$") as caught:
        Registry(tmp_path).weights(weights)
    module = str(caught.value).removesuffix(")").split()[-1]
    assert ("lanhar" in module) == weights.name.startswith("lanhar_")
    package = ROOT / module.replace(".", "/")
    source = package.with_suffix(".py") if not package.is_dir() else package / "__main__.py"
    assert 'if __name__ == "__main__":' in source.read_text("utf-8")


@pytest.mark.parametrize("keep", [0, 5, 100, 2_000, -1])
def test_a_cut_file_is_named_as_damaged(tmp_path: Path, keep: int) -> None:
    whole = Registry().path(SCENARIO_TEXT).read_bytes()
    (tmp_path / "scenario_text.safetensors").write_bytes(whole[:keep])
    with pytest.raises(
        DamagedWeightsError, match=r"scenario_text.safetensors .*expected"
    ) as caught:
        Registry(tmp_path).load(SCENARIO_TEXT)
    assert "\n" not in str(caught.value)


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    whole = bytearray(Registry().path(SCENARIO_TEXT).read_bytes())
    whole[-100] ^= 1
    (tmp_path / "scenario_text.safetensors").write_bytes(bytes(whole))
    with pytest.raises(DamagedWeightsError, match="sha256"):
        Registry(tmp_path).load(SCENARIO_TEXT)


def _rewritten(tmp_path: Path, key: Key[ScenarioNet], changes: dict[str, str]) -> Registry:
    path = Registry(tmp_path).path(key)
    Registry(tmp_path).save(key, ScenarioNet(ScenarioConfig(hidden=32)))
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() | changes
        tensors = {part: file.get_tensor(part) for part in file.keys()}  # noqa: SIM118
    save_file(tensors, path, metadata=metadata)
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
    assert _rewritten(tmp_path, SCENARIO, {}).load(SCENARIO)
    with pytest.raises(RegistryError):
        _rewritten(tmp_path, SCENARIO, changes).load(SCENARIO)


def test_a_safetensors_file_of_someone_else_is_refused(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(3)}, tmp_path / "har.safetensors")
    with pytest.raises(DamagedWeightsError, match="say format None"):
        Registry(tmp_path).load(HAR)


def test_a_graph_that_an_earlier_release_made_is_refused_before_it_serves(tmp_path: Path) -> None:
    graphs = tmp_path / "graphs"
    graphs.mkdir()
    for ending in (".onnx", ".json"):
        # It has all but the seconds, as the graph of before.
        shutil.copy(GRAPHS_DIR / f"motions{ending}", graphs / f"motion_features{ending}")
    with pytest.raises(
        DamagedWeightsError,
        match=r"graph 'motion_features' \(it has no 'seconds', so an earlier release has made "
        r"it\); where they are right, make it anew: python -m models\.research\.graphs --weights "
        rf"{tmp_path} motion_features$",
    ):
        Registry(tmp_path).open(served.ENCODERS, WEIGHTS_DIR / "encoders.safetensors")
