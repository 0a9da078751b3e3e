from dataclasses import replace

import numpy as np
import pytest

from models.research.lanhar.evaluation import ablations
from models.research.lanhar.evaluation.ablations import (
    ROWS,
    main,
    regenerated,
    run_row,
    statistics_only,
    unpostured,
)
from models.research.lanhar.evaluation.ablations import ablate as run
from models.research.lanhar.training.sensor import SensorSettings
from models.research.lanhar.training.text import TextSettings
from models.research.lanhar.training.transfer import Interpreted, TransferSettings, interpret
from tests.models.research.lanhar.motion import data_set

FEW = TransferSettings(
    TextSettings(steps=3, batch=4, synthesised=1), SensorSettings(gait_steps=5, steps=3, batch=8)
)


def test_each_row_has_its_own_name_and_the_first_changes_nothing() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert ROWS[0].change(FEW) == FEW
    changed = [row for row in ROWS[1:] if row.change(FEW) != FEW]
    texts = [row.name for row in ROWS[1:] if row not in changed]
    assert texts == [
        "w/o designed analysis: statistics alone",
        "with iterative re-generation (IG)",
        "w/o upright posture",
    ]


def test_rows_and_spaces_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    short = replace(ablations.BaselineSettings(), pretraining=2, batch=8)
    monkeypatch.setattr(ablations, "BaselineSettings", lambda: short)
    rows = [row for row in ROWS if row.name in ("LanHAR", "w/o gait branch")]
    figures = run(data_set("a", 0), data_set("b", 1), "four", [0, 1], FEW, rows)
    assert {name: len(found) for name, found in figures["rows"].items()} == {
        "LanHAR": 2,
        "w/o gait branch": 2,
    }
    assert set(figures["divergence"]) == {"raw", "self-supervised", "interpretation"}
    assert all(value >= 0 for one in figures["divergence"].values() for value in one.values())


def test_statistics_alone_name_every_axis_and_no_pattern() -> None:
    readings = statistics_only(interpret(data_set("a", 0, each=1)))
    assert all("gyro z mean" in text for variants in readings.texts for text in variants)


def test_without_posture_nothing_is_known_of_it() -> None:
    readings = unpostured(interpret(data_set("a", 0, each=6)))
    assert not readings.posture.any()
    assert readings.postures.values[:, 0].isnan().all()
    assert not any("upright" in text for variants in readings.texts for text in variants)
    assert np.all([len(variants) == 1 for variants in readings.texts])


def test_re_generation_says_outliers_anew_and_leaves_posture_and_readings() -> None:
    readings = interpret(data_set("a", 0))
    again = regenerated(readings, 1)
    changed = [
        place
        for place, (old, new) in enumerate(zip(readings.texts, again.texts, strict=True))
        if old[0] != new[0]
    ]
    # A tenth of an activity's readings is asked about in a round.
    assert 0 < len(changed) < len(readings.texts) / 2
    assert all(old[1:] == new[1:] for old, new in zip(readings.texts, again.texts, strict=True))
    assert again.windows is readings.windows


def test_only_the_source_is_said_anew() -> None:
    asked: list[str] = []

    def noted(readings: Interpreted, seed: int) -> Interpreted:
        asked.append(readings.windows.name)
        return readings

    row = replace(ROWS[0], source_texts=noted)
    run_row(row, interpret(data_set("a", 0)), interpret(data_set("b", 1)), "four", 0, FEW, None)
    assert asked == ["a"]


def test_rows_that_are_none_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    files = ["--source", "a.npz", "--target", "b.npz", "--json", "out.json"]
    with pytest.raises(SystemExit):
        main([*files, "--rows", "w/o gate"])
    assert "--rows 'w/o gate' begins no row; expected of 'LanHAR', " in capsys.readouterr().err
