"""The recipe of two ears on the processor, on a world without recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from models.egolog.localization import Localization, LocalizationConfig
from models.research.egolog.localization import two_ears, two_ears_on_cpu
from models.research.egolog.localization.new_head import with_new_head
from tests.models.research.egolog.localization.batched.material import world

if TYPE_CHECKING:
    from pathlib import Path


class _Here:
    """Runs what a pool of processes would, in this one, so that its world can be replaced."""

    def __init__(self, *_: object) -> None:
        self.map = map

    def __enter__(self) -> _Here:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.mark.training
def test_a_network_learns_from_clips_that_are_drawn_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reads: list[two_ears.Tables] = []

    def read_worlds(_data: Path, _device: str, tables: two_ears.Tables) -> two_ears.Worlds:
        reads.append(tables)
        return two_ears.Worlds(world(), world())

    monkeypatch.setattr(two_ears, "read_worlds", read_worlds)
    monkeypatch.setattr(two_ears_on_cpu, "process_pool", _Here)
    monkeypatch.setattr(two_ears_on_cpu, "_PART", 2)
    monkeypatch.setattr(two_ears_on_cpu, "BATCH", 8)
    monkeypatch.setattr(two_ears_on_cpu, "VALIDATION_CLIPS", 16)
    two_ears_on_cpu._world.cache_clear()
    torch.manual_seed(0)
    small = LocalizationConfig(channels=(8, 16, 16), steered=(8, 8), hidden=32)
    start = with_new_head(Localization(small), 4)
    trained = two_ears_on_cpu.train(tmp_path, tmp_path, 0.02, 0, clips=3, jobs=2, start=start)
    assert trained.config == small  # without the head
    assert not torch.equal(trained.out.weight, start.out.weight)
    assert "validation, direction and distance 0." in capsys.readouterr().out
    # One world for both parts, and one for validation.
    assert reads == [two_ears_on_cpu.TABLES, two_ears_on_cpu.VALIDATION_TABLES]
    again = two_ears_on_cpu.draw(tmp_path, tmp_path, clips=3, jobs=1)
    assert len(again.maps) == 2 * 3
    assert len(reads) == 2
    two_ears_on_cpu._world.cache_clear()
