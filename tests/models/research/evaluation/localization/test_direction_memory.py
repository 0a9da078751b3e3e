from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from models.egolog.direction_memory import FILTER
from models.research.egolog.days import placed as placed_days
from models.research.egolog.localization.direction_memory import TrainableFilter
from models.research.evaluation.localization import direction_memory
from models.research.evaluation.localization.direction_memory import (
    LocatedDays,
    figures_of,
    localize_days,
    main,
)
from models.serving.predict import LocatedSecond, SoundLocalizer
from models.serving.registry import Registry
from schemas.evidence import REGIONS
from tests.models.research.egolog.localization.days_with_sounds import days_with_sounds

if TYPE_CHECKING:
    from pathlib import Path

    from models.serving.predict import LocalizerInput


def random_days(stretches: int, seconds: int) -> LocatedDays:
    """Return random seconds with random motion."""
    rng = np.random.default_rng(0)

    def second() -> LocatedSecond:
        regions = {name: round(float(p), 4) for name, p in zip(REGIONS, rng.random(8), strict=True)}
        return LocatedSecond(regions, rng.normal(-3, 3, (2, 72)).astype(np.float32))

    imu = rng.normal(0, 1, (stretches, seconds, 50, 6)).astype(np.float32)
    imu[..., 1] += 9.8
    every = [[second() for _ in range(seconds)] for _ in range(stretches)]
    return LocatedDays(every, imu, np.zeros((stretches, seconds, len(REGIONS)), np.float32))


def test_what_is_fitted_is_what_the_stream_remembers() -> None:
    located, network = random_days(2, 6), TrainableFilter()
    with torch.no_grad():
        fitted = network(located.in_order()).numpy()
    streamed = direction_memory._by_distance(located.smoothed_directions(network.to_filter()))
    # Rounded parameters and probabilities.
    np.testing.assert_allclose(streamed, fitted, atol=5e-4)
    assert np.abs(streamed - direction_memory._by_distance(located.alone())).max() > 0.05


def test_only_seconds_of_one_source_count() -> None:
    located = random_days(1, 3)
    truth = np.zeros((1, 3, len(REGIONS)), np.float32)
    truth[0, 0, REGIONS.index("left-near")] = 1
    truth[0, 1, :2] = 1
    left = dict.fromkeys(REGIONS, 0.05) | {"left-near": 0.95}
    seconds = [located.seconds[0][0]._replace(regions=left), *located.seconds[0][1:]]
    figures = figures_of(LocatedDays([seconds], located.imu, truth))
    assert figures["alone"] == {
        "seconds": 1,
        "direction_accuracy": 1.0,
        "distance_accuracy": 1.0,
        "front_back_error": None,
    }


def test_without_motion_there_is_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def locate(_: SoundLocalizer, items: list[LocalizerInput]) -> list[LocatedSecond]:
        asked.extend(item.imu for item in items)
        return [LocatedSecond(dict.fromkeys(REGIONS, 0.1), np.zeros((2, 72)))] * len(items)

    monkeypatch.setattr(SoundLocalizer, "locate", locate)
    located = days_with_sounds(["left-near"], [], ["back-far", "left-far"])
    still = localize_days(SoundLocalizer(Registry()), located, motion=False)
    assert asked == [None] * 3
    assert np.array_equal(still.smoothed_directions(), still.alone())
    assert set(figures_of(still)) == {"alone"}
    assert still.truth.sum(axis=2).tolist() == [[1, 0, 2]]
    with pytest.raises(ValueError, match="no motion"):
        still.in_order()


def test_the_command_measures_both_ways_and_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    located = days_with_sounds(["left-near"], ["back-far"], ["right-near"], ["front-far"])
    monkeypatch.setattr(placed_days, "compose", lambda *_: located)
    monkeypatch.setattr(direction_memory, "unseen_material", lambda _: None)
    monkeypatch.setattr(direction_memory.Material, "read", lambda *_, **__: None)
    monkeypatch.setattr(direction_memory, "fit_filter", lambda _: FILTER)
    out = tmp_path / "new" / "figures.json"
    main(["--data", str(tmp_path), "--seeds", "0", "--json", str(out)])
    page = capsys.readouterr().out
    assert "| with motion, remembered |" in page
    assert "| without motion, alone |" in page
    assert "| without motion, remembered |" not in page
    [figures] = json.loads(out.read_text())
    assert set(figures) == {"with_motion", "without_motion"}
    main(["--data", str(tmp_path), "--fit"])
    assert f"FILTER = {FILTER}" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--data", str(tmp_path), "--stretches", "0"])
