from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from models.research.egolog.days import disturbed as disturbed_days
from models.research.egolog.days.disturbed import DisturbedDays
from models.simulation.life import day_plan
from models.simulation.sources.material import Material

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_loudspeaker_is_far_and_never_pauses_and_the_rest_is_the_wearers() -> None:
    plan = day_plan.compose(np.random.default_rng(0), [(("Watching tv",), 60)])
    quiet, loud = disturbed_days.plans(plan, np.random.default_rng(1))
    assert quiet.activities == loud.activities == plan.activities
    assert all(event.near for event in quiet.sounds)
    added = [event for event in loud.sounds if event not in quiet.sounds]
    assert len(added) == len(loud.sounds) - len(quiet.sounds)
    assert all(event.interferer and not event.near for event in added)
    busy = np.zeros(600, bool)
    for event in added:
        busy[round(event.start_s * 10) : round(event.stop_s * 10)] = True
    assert busy.mean() > 0.95


def test_the_same_stretch_is_heard_twice_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disturbed_days, "STRETCH_S", 20)
    days = disturbed_days.compose(1, Material(), tmp_path, 2)
    assert (len(days), days.seconds) == (2, 20)
    assert days.mel.shape == days.clean_mel.shape == (2, 1000, 64)
    assert days.maps.shape == days.clean_maps.shape == (2, 20, 3, 50, 64)
    assert days.imu.shape == (2, 1000, 6)
    # The loudspeaker is heard where the wearer makes no sound.
    quiet = ~days.near
    assert quiet.any()
    louder = days.maps[quiet][:, :2].mean() - days.clean_maps[quiet][:, :2].mean()
    assert louder > 0.5
    again = disturbed_days.compose(1, Material(), tmp_path, 2)
    for name in (field.name for field in fields(DisturbedDays)):
        np.testing.assert_array_equal(getattr(again, name), getattr(days, name))


def test_a_seed_is_a_stretch_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disturbed_days, "STRETCH_S", 10)
    one, other = (disturbed_days.compose(seed, Material(), None, 1) for seed in (1, 2))
    assert not np.array_equal(one.mel, other.mel)
