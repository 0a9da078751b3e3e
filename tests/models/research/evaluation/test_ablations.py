from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from models.research.evaluation import ablations

if TYPE_CHECKING:
    from pathlib import Path

    from models.research.egolog.context import TrainingContext
    from models.research.lib.fit import Fit


def test_what_is_compared_trains_for_the_same_steps_and_the_figures_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits: list[tuple[int | None, int | None]] = []

    def trained(_: TrainingContext, network_fit: Fit, stage_fit: Fit) -> dict[str, Any]:
        fits.append((network_fit.steps, stage_fit.steps))
        return {"contrastive_alone": {"neither": 0.5}}

    monkeypatch.setitem(ablations.COMPARISONS, "contrastive_alone", trained)
    (tmp_path / "audio").mkdir()
    monkeypatch.setenv("EGOLOG_SHARED_DATA", str(tmp_path))
    monkeypatch.setattr(ablations, "weights_measured", lambda _: "weights abc")
    out, page = tmp_path / "new" / "figures.json", tmp_path / "RESULTS.md"
    arguments = ["--contrastive-alone", "--seeds", "0", "1", "--stretches", "600"]
    ablations.main([*arguments, "--steps", "9", "--sharing-steps", "7", "--json", str(out)])
    assert fits == [(9, 7), (9, 7)]
    figures = json.loads(out.read_text())
    assert figures["1"]["contrastive_alone"] == {"neither": 0.5}
    assert figures["0"]["training"] == {
        "stretches": 600,
        "network": "9 steps, 0.7 min at most",
        "stage": "7 steps, 6 min at most",
    }
    ablations.main([*arguments, "--json", str(out), "--results", str(page)])
    assert json.loads(out.read_text())["0"]["training"]["stage"] == "6 min"
    assert "## The contrastive stage alone\n" in page.read_text()
    assert "| neither | 0.500 ± 0.000 |" in page.read_text()
    command = f"ablations --seeds 0 1 --contrastive-alone --stretches 600 --results {page}"
    assert f"{command}` on " in page.read_text()


def test_a_training_has_a_step_at_least(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        ablations.main(["--sharing-steps", "0", "--json", "figures.json"])
    assert "--sharing-steps is 0; expected 1 or more" in capsys.readouterr().err


def test_only_the_stage_alone_has_a_device(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        ablations.main(["--device", "meta"])
    assert "--device is meta; expected cpu unless --contrastive-alone" in capsys.readouterr().err
