from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from models.egolog.interference_gate import GatedSound
from models.research.egolog.days import disturbed as disturbed_days
from models.research.egolog.har import ActivityExamples
from models.research.evaluation.composed_days.scores import Networks
from models.research.evaluation.interference import activities as interference
from models.research.evaluation.interference import gate
from models.research.evaluation.interference.activities import DisturbedWindows
from models.research.evaluation.interference.gate import OperatingPoint
from models.research.lib import recordings_folder
from tests.models import fresh

if TYPE_CHECKING:
    from pathlib import Path

    from schemas.evidence import Gate

MEL = np.zeros((250, 64), np.float16)


def disturbed_windows(*windows: tuple[bool, float, Gate]) -> DisturbedWindows:
    """Return windows of (a near source, far-field probability, gate)."""
    count = len(windows)
    present = torch.ones(count, dtype=torch.bool)
    examples = ActivityExamples(
        torch.zeros(count, 256),
        present,
        torch.zeros(count, 128),
        present,
        torch.zeros(count, 5, 256),
        torch.zeros(count, 5, 128),
        torch.zeros(count, 16),
        torch.zeros(count, dtype=torch.long),
    )
    sounds = [GatedSound(said, far, MEL) for _, far, said in windows]
    near = np.array([window[0] for window in windows])
    return DisturbedWindows(examples, examples, examples, near, sounds, sounds)


def test_windows_are_counted_apart_by_whether_a_near_source_is_audible() -> None:
    figures = gate.measure(
        disturbed_windows(
            (False, 0.9, "dropped"),
            (False, 0.8, "dropped"),
            (False, 0.1, "open"),
            (True, 0.7, "dropped"),
            (True, 0.2, "near"),
            (True, 0.1, "open"),
            (True, 0.0, "open"),
        ),
        {"clean": 0.8, "interfered": 0.7, "dropped": 0.725, "near": 0.76},
    )
    assert figures["far_only_closed"] == pytest.approx(2 / 3)
    assert figures["near_wrongly_closed"] == 0.25
    assert figures["won_back"] == pytest.approx(0.6)
    assert figures["won_back_dropped"] == pytest.approx(0.25)
    assert (figures["far_only_windows"], figures["near_windows"]) == (3, 4)


def test_nothing_is_won_back_where_the_loudspeaker_costs_nothing() -> None:
    har = {"clean": 0.7, "interfered": 0.7, "dropped": 0.8, "near": 0.8}
    assert gate.measure(disturbed_windows((True, 0.1, "open")), har)["won_back"] is None


def test_the_gate_that_closes_most_is_chosen_of_those_that_are_seldom_wrong_and_harmless() -> None:
    strict = OperatingPoint(0.9, 0.4, 0.01, 0.01, 0.76)
    right = OperatingPoint(0.6, 0.6, 0.03, 0.01, 0.75)
    costly = OperatingPoint(0.5, 0.7, 0.03, 0.01, 0.74)
    uncertain = OperatingPoint(0.4, 0.8, 0.04, 0.02, 0.80)
    wrong = OperatingPoint(0.2, 0.9, 0.06, 0.0, 0.80)
    points = [strict, right, costly, uncertain, wrong]
    assert gate.choose_point(points, open_har=0.75) == right
    assert gate.choose_point(points, open_har=0.755) == strict
    assert gate.choose_point(points, open_har=0.77) is None


def test_a_point_is_as_often_wrong_as_it_says(tmp_path: Path) -> None:
    networks = Networks.load(fresh.registry(tmp_path))
    near: list[tuple[bool, float, Gate]] = [(True, far / 100, "open") for far in range(1, 100)]
    points = gate.operating_points(networks, disturbed_windows(*near, (False, 0.985, "open")))
    for point, wanted in zip(points, gate._WRONG, strict=True):
        assert point.wrong <= wanted
        assert point.wrong == sum(point.above < far / 100 for far in range(1, 100)) / 99
    assert points[0].closed == points[0].wrong == 0
    assert [point.above for point in points[:3]] == pytest.approx([0.99, 0.99, 0.98])
    assert [point.closed for point in points[:3]] == [0, 0, 1]


def test_the_error_of_a_share_is_over_stretches_since_their_windows_are_alike() -> None:
    rng = np.random.default_rng(0)
    of_stretch = rng.random(100) < 0.2
    windows = np.repeat(of_stretch, 12)
    stretches = np.repeat(np.arange(100), 12)
    error = gate._share_error(windows, stretches)
    assert error == pytest.approx(of_stretch.std(ddof=1) / 10)
    shuffled = gate._share_error(rng.permutation(windows), stretches)
    assert shuffled == pytest.approx(error / np.sqrt(12), rel=0.2)
    assert gate._share_error(windows[:12], stretches[:12]) == 0.0


def test_the_command_says_which_point_it_chose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("EGOLOG_SHARED_DATA", raising=False)
    monkeypatch.setattr(recordings_folder, "shared_data", lambda: None)
    monkeypatch.setattr(disturbed_days, "STRETCH_S", 30)
    weights = fresh.registry(tmp_path / "weights").weights_dir
    gate.main(["--weights", str(weights), "--stretches", "1"])
    said = capsys.readouterr().out
    assert "days are simulated" in said
    assert "| closed above | far-only closed |" in said
    assert "FAR_ABOVE = " in said
    with pytest.raises(SystemExit):
        gate.main(["--stretches", "0"])
    assert "--stretches is 0; expected 1 or more" in capsys.readouterr().err


def test_windows_are_of_the_length_that_activities_have() -> None:
    assert len(MEL) == interference.WINDOW_FRAMES
