"""Rules of `models.research.lanhar.evaluation.leave_one_out`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings.datasets.labelled_windows import LabelledWindows, names_of
from models.research.lanhar.baselines import forest
from models.research.lanhar.evaluation.leave_one_out import (
    LEFT_OUT,
    LeaveOneOutSettings,
    by_forest,
    few,
    main,
    page,
    scores,
)
from models.research.lanhar.interpretation.windows import FILES, WindowsError
from models.research.lanhar.training import train_on
from tests.models.research.lanhar.motion import data_set

if TYPE_CHECKING:
    from pathlib import Path

    from models.research.lanhar.interpretation.windows import Windows

NAMES = ("walking", "going upstairs", "going downstairs", "sitting")


def made(seed: int, each: int = 8) -> LabelledWindows:
    """Return windows of walking, stairs of either direction and sitting, of two wearers."""
    rng = np.random.default_rng(seed)
    time = np.arange(250) / 50
    windows, labels = [], []
    for label, hz, shake in (("walking", 1.8, 2.0), ("stairs", 1.3, 5.0), ("sitting", 0, 0)):
        for _ in range(each):
            imu = rng.normal(0, [0.05] * 3 + [0.01] * 3, (250, 6))
            imu[:, 2] += 9.81 + shake * np.sin(2 * np.pi * hz * (time + rng.uniform()))
            windows.append(imu)
            labels.append(label)
    count = len(labels)
    return LabelledWindows(
        np.stack(windows).astype(np.float32),
        tuple(labels),
        tuple(map(names_of, labels)),
        wearers=tuple("ab"[at % 2] for at in range(count)),
        starts_s=tuple(5.0 * at for at in range(count)),
    )


def test_a_forest_names_unseen_users_by_labels_in_force_and_either_right_one_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.setattr(forest, "TREES", 20)
    unseen = made(1)
    found = by_forest([made(0)], unseen, NAMES, 0)
    figures = scores(unseen, found, NAMES)
    assert figures["macro_f1"] > 0.9
    assert figures["windows"] == len(unseen)
    # The first of two right labels is what a forest was taught.
    assert "going upstairs" not in found
    other = np.where(found == "going downstairs", "going upstairs", found)
    assert scores(unseen, other, NAMES)["accuracy"] == figures["accuracy"]


def test_windows_that_no_label_in_force_is_right_for_are_not_scored() -> None:
    figures = scores(made(0), np.array(["walking"] * 24), ("walking", "sitting"))
    assert (figures["windows"], figures["labels"], figures["accuracy"]) == (16, 2, 0.5)


def test_few_keeps_whole_wearers_in_order() -> None:
    one = few(made(0), 1)
    assert set(one.wearers) == {"a"}
    assert list(one.starts_s) == [10.0 * at for at in range(12)]


def test_nothing_is_read_of_a_file_that_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []

    def noted(path: Path) -> Windows:
        asked.append(path.name)
        return data_set(path.stem, 0, each=3)

    monkeypatch.setattr(train_on, "read_npz", noted)
    for left in FILES:
        # The folder has no recordings with changes of posture.
        with pytest.raises(WindowsError, match="changes of posture"):
            train_on.read(tmp_path, 0, left.rpartition("_")[0])
        assert set(asked) == set(FILES) - {left}
        asked.clear()


def test_every_training_file_is_left_out_once() -> None:
    assert set(FILES) <= set(LEFT_OUT.values())


def test_the_table_has_lanhar_beside_the_forest() -> None:
    row = {"windows": 40, "labels": 3, "accuracy": 0.7, "macro_f1": 0.6}
    run = {"users": 4, "lanhar": row, "random_forest": {**row, "macro_f1": 0.5}}
    text = page({"HAPT": {0: run}}, LeaveOneOutSettings(), "python -m x", "2026-01-01")
    assert "| HAPT | 4 | 40 | 3 | 0.600 | 0.500 | +0.100 | 0.700 | 0.700 | 0 |" in text


def test_what_is_kept_is_put_on_the_page_without_a_recording(tmp_path: Path) -> None:
    (tmp_path / "imu").mkdir()
    row = {"windows": 40, "labels": 3, "accuracy": 0.7, "macro_f1": 0.6}
    run = {"users": 4, "lanhar": row, "random_forest": row}
    (tmp_path / "left-out-hapt-1-99-250-1.json").write_text(json.dumps(run))
    places = ["--data", str(tmp_path), "--runs", str(tmp_path), "--only-kept"]
    assert main([*places, "--page", str(tmp_path / "LANHAR.md")]) == 0
    rows = [line for line in (tmp_path / "LANHAR.md").read_text().splitlines() if "| HAPT" in line]
    assert len(rows) == 1
