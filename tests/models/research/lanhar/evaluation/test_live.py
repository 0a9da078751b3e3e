from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from models.recordings.datasets.labelled_windows import LabelledWindows, names_of
from models.research.lanhar.evaluation import live
from models.research.lanhar.evaluation.live_page import page
from models.research.lanhar.evaluation.live_ranking import figures, ranked
from tests.models import fresh
from tests.models.recordings.small_sets import labelled_recording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from schemas.position import Place


class SaysByPosture:
    """Ranks what the first sample names by number, standing first where upright is known."""

    class shipped:
        names = ("walking", "sitting", "standing", "drinking")

    def rank_next(
        self,
        imu: np.ndarray[Any, Any],
        labels: Any,
        posture: float | None,
        memory: Sequence[float],
        start_s: float,
        position: Place | None = None,
    ) -> tuple[list[tuple[str, float]], tuple[float, ...]]:
        if position == "glasses":
            return [("drinking", 0.9)], (start_s,)
        return self.rank(imu, labels, posture), (start_s,)

    def rank(
        self, imu: np.ndarray[Any, Any], labels: Any, posture: float | None = None
    ) -> list[tuple[str, float]]:
        first = labels.names[int(imu[0, 5])] if posture is None else "standing"
        return [(first, 0.9), *((name, 0.0) for name in labels.names if name != first)]


def shown(numbers: Sequence[int], *labels: str) -> LabelledWindows:
    imu = np.zeros((len(labels), 250, 6), np.float32)
    imu[:, 0, 5] = numbers
    return LabelledWindows(imu, labels, tuple(map(names_of, labels)), wearers=("a",) * len(labels))


def test_a_ranking_is_given_where_the_device_is_worn() -> None:
    windows = replace(shown([0], "sitting"), positions=("glasses",))
    assert ranked(SaysByPosture(), windows).first == ["drinking"]  # type: ignore[arg-type]


def test_every_label_says_what_it_is_taken_for() -> None:
    windows = shown([0, 1, 3, 1, 0], "walking", "sitting", "sitting", "standing", "smoking")
    found = ranked(SaysByPosture(), windows)  # type: ignore[arg-type]
    row = figures(windows, found)
    assert row["windows"] == 4
    assert row["labels"]["sitting"] == {
        "windows": 2,
        "f1": pytest.approx(0.5),
        "taken_for": {"drinking": 0.5},
    }
    assert row["macro_f1"] == pytest.approx((1 + 0.5 + 0) / 3)
    assert row["confidently_wrong"] == pytest.approx(2 / 4)
    assert row["calibration_error"] == pytest.approx(0.9 - 2 / 4)
    # Among the three drinking is no answer, and the next of the ranking is walking.
    assert row["level_macro_f1_among_three"] == pytest.approx((2 / 3 + 0.5 + 0) / 3)


def test_what_the_wearers_upright_changes_is_told_apart() -> None:
    time = np.arange(250) / 50
    steps = shown([0] * 8, *["walking"] * 8)
    steps.imu[:, :, 2] = 9.81 + 3 * np.sin(2 * np.pi * 1.8 * time)
    row = figures(steps, ranked(SaysByPosture(), steps))  # type: ignore[arg-type]
    assert 0 < row["upright_known"] < 1
    assert row["macro_f1_without_upright"] == 1
    assert row["macro_f1"] < 1


def test_the_page_shows_a_row_for_each_data_set() -> None:
    windows = shown([0, 1], "walking", "sitting")
    row = figures(windows, ranked(SaysByPosture(), windows))  # type: ignore[arg-type]
    text = page({"belt": {"position": "waist", **row}}, "a command", "abc", "2026-01-01", "")
    assert text.startswith("## As it runs\n\nWritten by `a command` on 2026-01-01")
    assert "| waist | belt | 1 | 2 | 2 | 1.000 | 1.000 |" in text


def test_every_file_is_measured_by_the_weights_of_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh.registry(tmp_path / "weights")
    folder = tmp_path / "imu"
    folder.mkdir()
    labelled_recording(folder / "belt_50hz.npz", "s05", [(0, 500, "walking")])
    labelled_recording(folder / "idle_50hz.npz", "s05", [])
    np.savez(folder / "odd_50hz.npz", signal=np.zeros(3))
    np.savez(folder / "table.npz", signal=np.zeros(3))
    measured = live.measure(tmp_path / "weights", folder)
    assert set(measured) == {"belt"}
    assert measured["belt"]["windows"] == 2
    assert measured["belt"]["position"] == "unknown"
    printed = capsys.readouterr().out
    assert "odd_50hz.npz' lacks scale, recording_start" in printed
    assert "skipped: idle_50hz.npz has no window with a label of an unseen user" in printed
    assert "skipped: table.npz is not called NAME_50hz.npz" in printed


def test_all_devices_can_be_taken_as_worn_at_one_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "require_lanhar", lambda _: SaysByPosture())
    labelled_recording(tmp_path / "belt_50hz.npz", "s05", [(0, 500, "walking")])
    taken = {
        at: live.measure(tmp_path, tmp_path, position=at)["belt"]["labels"]["walking"]["taken_for"]
        for at in (None, "glasses")
    }
    assert "drinking" in taken["glasses"]
    assert "drinking" not in taken[None]
