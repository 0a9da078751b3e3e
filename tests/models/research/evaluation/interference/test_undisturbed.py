from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.research.egolog.days import disturbed as disturbed_days
from models.research.evaluation.composed_days.scores import Networks
from models.research.evaluation.interference import activities as interference
from models.research.evaluation.interference import undisturbed
from models.research.evaluation.interference.undisturbed import ALL_SOUND, CHOICES, ActivityScores
from models.serving.predict import SoundLocalizer
from models.simulation.sources.material import Material
from tests.models import fresh

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_won_back_is_a_share_of_what_interference_costs() -> None:
    won = ActivityScores(0.75, 0.7).won_back(ActivityScores(0.7, 0.6), ActivityScores(0.8, 0.8))
    assert (won.accuracy, won.likelihood) == (pytest.approx(0.5), pytest.approx(0.5))
    nothing = ActivityScores(0.7, 0.7).won_back(ActivityScores(0.7, 0.6), ActivityScores(0.7, 0.8))
    assert np.isnan(nothing.accuracy)
    assert nothing.likelihood == pytest.approx(0.5)


def test_where_nothing_is_left_out_the_gate_alone_changes_what_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disturbed_days, "STRETCH_S", 30)
    monkeypatch.setattr(interference, "score", lambda _, windows: windows)
    monkeypatch.setattr(interference, "likelihood", lambda *_: 0.0)
    registry = fresh.registry(tmp_path)
    days = disturbed_days.compose(0, Material(), None, 1, loudspeaker=False)
    scores = undisturbed.by_choice(Networks.load(registry), SoundLocalizer(registry), days)
    assert list(scores) == ["clean", "interfered", *CHOICES]
    windows, gated = scores["interfered"].accuracy, scores[ALL_SOUND].accuracy
    assert windows.scenarios.equal(gated.scenarios)  # type: ignore[attr-defined]


def test_a_seed_below_zero_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        undisturbed.main(["--seeds", "-1"])
    assert "--seeds is -1; expected 0 or more" in capsys.readouterr().err
