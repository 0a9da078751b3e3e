from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import torch

from models.egolog.localization import LOCALIZATION, Localization, LocalizationConfig
from models.research.egolog.days import placed as placed_days
from models.research.egolog.localization.direction_memory import DirectionMemory
from models.research.evaluation.localization import direction_memory
from models.research.evaluation.localization.direction_memory import (
    LocatedDays,
    located,
    main,
    measure,
)
from models.serving.registry import Registry
from schemas.evidence import REGIONS
from tests.models.research.egolog.localization.test_life_calibration import days

if TYPE_CHECKING:
    from pathlib import Path

SMALL = LocalizationConfig(channels=(8, 16, 16), steered=(8, 8), hidden=32)


def small() -> Localization:
    torch.manual_seed(0)
    return Localization(SMALL).eval().requires_grad_(False)


def unfitted(*_: object) -> DirectionMemory:
    return DirectionMemory().eval().requires_grad_(False)


def test_only_seconds_of_one_source_count() -> None:
    truth = torch.zeros(1, 3, len(REGIONS))
    truth[0, 0, REGIONS.index("left-near")] = 1
    truth[0, 1, :2] = 1
    heard = LocatedDays(torch.zeros(1, 3, 2, 72), truth * 0.9 + 0.05, torch.zeros(1, 3), truth)
    figures = measure(DirectionMemory(), heard)
    assert figures["alone"] == {
        "seconds": 1,
        "direction_accuracy": 1.0,
        "distance_accuracy": 1.0,
        "front_back_error": None,
    }


def test_without_motion_nothing_turns() -> None:
    lived = days(["left-near"], [], ["back-far", "left-far"])
    moved, still = (located(small(), lived, motion=motion) for motion in (True, False))
    assert moved.turn.abs().sum() > 0
    assert still.turn.abs().sum() == 0
    assert moved.heat.shape == (1, 3, 2, 72)
    assert moved.truth.sum(dim=2).tolist() == [[1, 0, 2]]


def test_the_command_prints_and_writes_both_ways_with_and_without_motion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Registry(tmp_path).save(LOCALIZATION, small(), tmp_path / "localization.safetensors", half=True)
    lived = days(["left-near"], ["back-far"], ["right-near"], ["front-far"])
    monkeypatch.setattr(placed_days, "compose", lambda *_: lived)
    monkeypatch.setattr(direction_memory, "unseen_material", lambda _: None)
    monkeypatch.setattr(direction_memory.Material, "read", lambda *_, **__: None)
    monkeypatch.setattr(direction_memory, "fit_memory", unfitted)
    out = tmp_path / "figures.json"
    main(["--data", str(tmp_path), "--weights", str(tmp_path), "--seeds", "0", "--json", str(out)])
    page = capsys.readouterr().out
    assert "| with motion, alone |" in page
    assert "| without motion, remembered |" in page
    assert set(json.loads(out.read_text())) == {"with_motion", "without_motion"}
    with pytest.raises(SystemExit):
        main(["--data", str(tmp_path), "--stretches", "0"])
