from pathlib import Path

import pytest

from models.egolog.near_field import NEAR_FIELD
from models.research.lib import sizes
from models.serving.catalogue import all_keys, key_of
from models.serving.registry import WEIGHTS_DIR, Registry
from tests.models import fresh


def test_every_network_has_its_size_and_every_part_its_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = fresh.registry(tmp_path)
    found = {size.name: size for size in sizes.sizes(registry)}
    assert list(found) == [key.name for key in all_keys()]
    for name, network in fresh.networks().items():
        assert found[name].parameters == sum(p.numel() for p in network.parameters())
        assert found[name].megabytes == registry.path(key_of(name)).stat().st_size / 1e6
    monkeypatch.setattr(sizes, "REPEATS", 2)
    costs = {cost.part: cost for cost in sizes.costs(registry)}
    assert {part: cost.every_s for part, cost in costs.items()} == {
        "spatial": 1,
        "near field": 1,
        "sound": 1,
        "scenario": 30,
        "near and far": 30,
        "har": 5,
    }
    assert all(cost.cpu_ms > 0 for cost in costs.values())
    # Thirty seconds of motion through the same encoders as five.
    assert costs["scenario"].mega_macs > 3 * costs["har"].mega_macs > 0


def test_what_ships_stays_within_its_budget_of_a_wearer_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sizes, "REPEATS", 1)
    mega_flops = {cost.part: 2 * cost.mega_macs / cost.every_s for cost in sizes.costs(Registry())}
    # The near field is extracted where it is asked for, and there in some seconds only; whatever is
    # heard, naming near and far apart costs less than half of it.
    near_field, apart = mega_flops.pop("near field"), mega_flops.pop("near and far")
    assert sum(mega_flops.values()) <= 300
    assert apart < near_field / 2
    assert sum(size.megabytes for size in sizes.sizes(Registry())) <= 25


def test_derived_weights_count_as_well() -> None:
    files = {path.stem: path.stat().st_size / 1e6 for path in WEIGHTS_DIR.glob("*.safetensors")}
    assert {size.name: size.megabytes for size in sizes.sizes(Registry())} == files


def test_networks_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    registry = fresh.registry(tmp_path)
    registry.path(NEAR_FIELD).unlink()
    assert "near_field" not in {size.name for size in sizes.sizes(registry)}
