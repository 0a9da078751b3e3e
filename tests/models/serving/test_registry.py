"""Rules of `models.serving.registry`."""

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from models.egolog.audio_encoder import SoundEncoder, SoundEncoderConfig
from models.egolog.har import Har
from models.egolog.scenario import ScenarioConfig, ScenarioNet
from models.serving.registry import (
    NAMES,
    SHIPPED,
    WEIGHTS_DIR,
    DamagedWeightsError,
    MissingWeightsError,
    Registry,
    RegistryError,
    UnknownModelError,
)
from tests.models import fresh


@pytest.mark.parametrize("name", SHIPPED)
def test_every_network_ships_with_weights_that_load(name: str) -> None:
    loaded = Registry().load(name)
    assert loaded.name == name
    assert loaded.sha256.startswith(loaded.revision)
    assert len(loaded.revision) == 12
    assert not loaded.module.training
    assert not any(p.requires_grad for p in loaded.module.parameters())


def test_all_shipped_weights_together_stay_below_25_megabytes() -> None:
    assert sum(f.stat().st_size for f in WEIGHTS_DIR.glob("*.safetensors")) < 25_000_000


def test_what_was_saved_loads_as_the_same_network(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    network = ScenarioNet(ScenarioConfig(hidden=32, sequence="lstm"))
    saved = registry.save("scenario", network)
    loaded = registry.load("scenario")
    assert loaded.revision == saved.revision
    assert loaded.module.config == network.config
    rows = torch.randn(2, 15, network.config.joined)
    assert torch.equal(network.eval()(rows), loaded.module(rows))


def test_weights_stored_as_half_load_as_float32(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    network = SoundEncoder(SoundEncoderConfig(stem=8, stages=((16, 1, 2, 2),), maps=32)).eval()
    whole = registry.save("audio", network)
    size = registry.path("audio").stat().st_size
    saved = registry.save("audio", network, half=True)
    loaded = registry.load("audio")
    assert loaded.revision == saved.revision != whole.revision
    assert registry.path("audio").stat().st_size < 0.6 * size
    assert all(p.dtype == torch.float32 for p in loaded.module.parameters())
    mel = torch.rand(2, 100, 64) * 20
    assert torch.equal(saved.module(mel).logits, loaded.module(mel).logits)
    assert torch.allclose(network(mel).logits, loaded.module(mel).logits, atol=0.05)


def test_a_weight_beyond_half_is_refused_by_name(tmp_path: Path) -> None:
    network = ScenarioNet(ScenarioConfig(hidden=32))
    with torch.no_grad():
        next(network.parameters()).fill_(1e6)
    with pytest.raises(ValueError, match="want at most 65504 to store it as float16"):
        Registry(tmp_path).save("scenario", network, half=True)
    assert not list(tmp_path.iterdir())


def test_a_revision_names_the_tensors(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    network = Har()
    first = registry.save("har", network)
    assert registry.save("har", network, tmp_path / "copy.safetensors").revision == first.revision
    with torch.no_grad():
        network.out.bias[0] += 1e-6
    assert registry.save("har", network).revision != first.revision


@pytest.mark.parametrize("name", NAMES)
def test_every_network_comes_back_as_it_was_saved(name: str, tmp_path: Path) -> None:
    network = fresh.networks()[name].eval()
    saved = Registry(tmp_path).save(name, network)
    loaded = Registry(tmp_path).load(name)
    assert (loaded.revision, loaded.labels) == (saved.revision, saved.labels)
    for key, value in network.state_dict().items():
        assert torch.equal(loaded.module.state_dict()[key], value), key
    assert getattr(loaded.module, "config", None) == getattr(network, "config", None)


def test_weights_elsewhere_load_by_their_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    saved = Registry(tmp_path).save("har", Har(), path)
    assert not Registry(tmp_path).path("har").is_file()
    assert Registry().load("har", path).revision == saved.revision


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
    Registry(tmp_path).save(name, ScenarioNet(ScenarioConfig(hidden=32)))
    with safe_open(Registry(tmp_path).path(name), framework="pt") as file:
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
    assert _rewritten(tmp_path, "scenario", {}).load("scenario")
    with pytest.raises(RegistryError):
        _rewritten(tmp_path, "scenario", changes).load("scenario")


def test_a_safetensors_file_of_someone_else_is_refused(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(3)}, tmp_path / "har.safetensors")
    with pytest.raises(DamagedWeightsError, match="say format None"):
        Registry(tmp_path).load("har")
