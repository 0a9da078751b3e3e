"""The recipe of two ears, on a few recordings and the processor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from models.egolog.localization import LOCALIZATION, Localization, LocalizationConfig
from models.recordings.datasets import esc50
from models.recordings.shared_data import ESC50, KEMAR
from models.research.egolog import recipes
from models.research.egolog.context import TrainingContext
from models.research.egolog.localization import two_ears, two_ears_on_cpu
from models.research.egolog.localization.batched.ears import distance_index
from models.research.egolog.localization.batched.training import Course
from models.research.egolog.localization.batched.validation import CONTINUUM
from models.research.egolog.localization.listeners import MAPS
from models.serving.registry import Registry
from models.simulation.acoustics.sounds import FS
from models.simulation.sources.measured import HEAD_RADIUS_M
from tests.models import small_data
from tests.models.research.egolog.localization.batched.material import table, world
from tests.models.simulation.sources.measured_files import AROUND, sofa_file

if TYPE_CHECKING:
    from pathlib import Path

    from models.research.lib.fit import Fit


def test_recordings_of_a_split_alone_are_rendered_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = small_data.write(tmp_path / "data")
    sofa_file(data / KEMAR, AROUND, np.ones((len(AROUND), 2), np.float32), rate=44_100)
    monkeypatch.setattr(two_ears, "sphere_table", table)
    tables = two_ears.Tables(
        heads=2, shapes=2, takes=1, labels=("rain", "speech"), radii_m=(HEAD_RADIUS_M,)
    )
    both = two_ears.read_worlds(data, "cpu", tables=tables)
    trained_count, checked = (
        len(esc50.files(data / ESC50, part)) for part in ("train", "validation")
    )
    assert both.train.sounds.loops.shape == (trained_count + 2, 5 * FS)
    assert both.validation.sounds.loops.shape == (checked, 5 * FS)
    assert float(both.train.sounds.share[:trained_count].sum()) == pytest.approx(
        two_ears.RECORDED_SHARE
    )
    # One measured subject in three shapes, and two drawn heads.
    assert both.train.ear_share is not None
    assert both.train.ear_share.tolist() == pytest.approx([0.25, 0.25, 0.25, 0.125, 0.125])
    # Validation hears by drawn shapes alone.
    assert len(both.validation.ears.ear) == 2
    assert both.validation.ear_share is None
    assert both.head is not None
    assert both.head.ears.reference.tolist() == [distance_index(1.5)]
    drawn = both.train.draw(CONTINUUM, 2, torch.Generator().manual_seed(0))
    assert torch.isfinite(drawn.maps.float()).all()


@pytest.mark.training
def test_a_network_is_trained_and_handed_back_ready(capsys: pytest.CaptureFixture[str]) -> None:
    course = Course(1 / 60, 1e-3, 0, batch=8, clips=2, buffer=8, check_s=0.5)
    both = two_ears.Worlds(world(), world())
    small = Localization(LocalizationConfig(channels=(8, 16, 16), steered=(8, 8), hidden=32))
    trained = two_ears.train(both, course, small, clips=8)
    assert not trained.training
    assert "validation, direction and distance 0." in capsys.readouterr().out


def test_two_ears_are_rendered_for_on_the_device_that_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Course] = []
    before: list[str] = []
    on_cpu: list[tuple[object, object]] = []
    monkeypatch.setattr(two_ears, "read_worlds", lambda *_: two_ears.Worlds(world(), world()))

    def batched(_worlds: object, course: Course, start: Localization | None) -> Localization:
        assert start is None
        asked.append(course)
        return Localization()

    def from_drawn(*settings: object) -> Localization:
        on_cpu.append((settings[2], settings[4]))
        return Localization()

    def one_by_one(*settings: object) -> Localization:
        before.append(str(settings[4]))
        maps = MAPS[settings[4]]  # type: ignore[index]
        return Localization(LocalizationConfig(maps=maps))

    monkeypatch.setattr(two_ears, "train", batched)
    monkeypatch.setattr(two_ears_on_cpu, "train", from_drawn)
    monkeypatch.setattr(recipes.of_localization, "train", one_by_one)
    monkeypatch.setattr(recipes.of_near_field, "train", lambda *_: torch.nn.Identity())
    monkeypatch.setattr(recipes, "_save", _saved)
    names = ["mono", "glasses", "headphones"]
    recipes.localization(TrainingContext(tmp_path, tmp_path, tmp_path, device="cuda"), 10.0)
    assert before == names
    assert [course.minutes for course in asked] == pytest.approx([4.5])
    assert Registry(tmp_path).load(LOCALIZATION).module.config.maps == 3
    before.clear()
    recipes.localization(TrainingContext(tmp_path, tmp_path, tmp_path, clips=7), 10.0)
    assert before == names
    assert len(asked) == 1
    assert on_cpu == [(pytest.approx(4.5), 7)]


def test_the_parts_asked_for_share_all_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes: dict[str, float] = {}

    def trained(*settings: object) -> Localization:
        minutes[str(settings[4])] = settings[2].minutes  # type: ignore[attr-defined]
        return Localization(LocalizationConfig(maps=1))

    def masked(_data: Path, _cache: Path, settings: Fit, _seed: int) -> torch.nn.Module:
        minutes["near_field"] = settings.minutes
        return torch.nn.Identity()

    monkeypatch.setattr(recipes.of_localization, "train", trained)
    monkeypatch.setattr(recipes.of_near_field, "train", masked)
    monkeypatch.setattr(recipes, "_save", _saved)
    context = TrainingContext(tmp_path, tmp_path, tmp_path, parts=("mono", "near_field"))
    recipes.localization(context, 10.0)
    assert minutes == pytest.approx({"mono": 4.0, "near_field": 6.0})


def _saved(context: TrainingContext, key: object, net: object) -> None:
    if isinstance(net, Localization):
        context.registry.save(key, net)  # type: ignore[arg-type]
