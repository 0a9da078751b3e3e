from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
import torch

from models.research.egolog import contrastive
from models.research.egolog.context import TrainingContext
from models.research.egolog.days.encoded import encode_segments
from models.research.evaluation import ablations
from models.research.evaluation.report.ablations import section
from models.research.lib.fit import Fit
from tests.models import fresh
from tests.models.research.egolog import synthetic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from models.egolog.contrastive import Encoders
    from models.research.egolog.days.composed import Days


def test_what_is_compared_trains_for_the_same_steps_and_the_figures_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    budgets: list[ablations.TrainingBudget] = []

    def trained(_: TrainingContext, budget: ablations.TrainingBudget) -> dict[str, Any]:
        budgets.append(budget)
        return {"contrastive_alone": {"neither": 0.5}}

    monkeypatch.setitem(ablations.COMPARISONS, "contrastive_alone", trained)
    (tmp_path / "audio").mkdir()
    monkeypatch.setenv("EGOLOG_SHARED_DATA", str(tmp_path))
    monkeypatch.setattr(ablations, "weights_measured", lambda _: "weights abc")
    out, page = tmp_path / "new" / "figures.json", tmp_path / "RESULTS.md"
    arguments = ["--contrastive-alone", "--seeds", "0", "1", "--stretches", "600"]
    steps = ["--steps", "9", "--sharing-steps", "7"]
    batches = ["--scenario-batch", "5", "--sharing-batch", "4"]
    ablations.main([*arguments, *steps, *batches, "--json", str(out)])
    assert budgets[0] == budgets[1]
    assert (budgets[0].network.steps, budgets[0].windows) == (9, 5)
    assert (budgets[0].stage.steps, budgets[0].segments) == (7, 4)
    figures = json.loads(out.read_text())
    assert figures["1"]["contrastive_alone"] == {"neither": 0.5}
    assert figures["0"]["training"] == {
        "comparison": "contrastive_alone",
        "stretches": 600,
        "network": "9 steps, 0.7 min at most, a scenario's in batches of 5",
        "stage": "7 steps, 6 min at most, in batches of 4",
        "segments": 28,
        "weights": "weights abc",
    }
    ablations.main([*arguments, "--json", str(out), "--results", str(page)])
    assert json.loads(out.read_text())["0"]["training"]["stage"] == "6 min, in batches of 160"
    assert "## The contrastive stage alone\n" in page.read_text()
    assert "| neither | 0.500 ± 0.000 |" in page.read_text()
    command = f"ablations --seeds 0 1 --contrastive-alone --stretches 600 --results {page}"
    assert f"{command}` on " in page.read_text()


def test_a_comparison_resumes_at_the_seeds_that_are_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seeds: list[int] = []

    def trained(context: TrainingContext, _: ablations.TrainingBudget) -> dict[str, Any]:
        seeds.append(context.seed)
        return {"contrastive_alone": {"neither": context.seed / 10}}

    monkeypatch.setitem(ablations.COMPARISONS, "contrastive_alone", trained)
    (tmp_path / "audio").mkdir()
    monkeypatch.setenv("EGOLOG_SHARED_DATA", str(tmp_path))
    monkeypatch.setattr(ablations, "weights_measured", lambda _: "weights abc")
    out = tmp_path / "figures.json"
    arguments = ["--contrastive-alone", "--steps", "9", "--json", str(out), "--resume"]
    ablations.main([*arguments, "--seeds", "1"])
    ablations.main([*arguments, "--seeds", "0", "1", "2"])
    assert seeds == [1, 0, 2]
    found = json.loads(out.read_text())
    assert {seed: each["contrastive_alone"]["neither"] for seed, each in found.items()} == {
        "0": 0.0,
        "1": 0.1,
        "2": 0.2,
    }
    before = out.read_text()
    with pytest.raises(SystemExit):
        ablations.main([*arguments, "--steps", "8"])
    assert f"--resume: seed 1 of {out} trained as" in capsys.readouterr().err
    assert out.read_text() == before
    with pytest.raises(SystemExit):
        ablations.main(["--resume"])
    assert "--resume has no file to resume from; expected --json FILE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "count", "least"),
    [("sharing-steps", 0, 1), ("scenario-batch", 0, 1), ("sharing-batch", 1, 2)],
)
def test_a_training_has_a_step_and_a_batch(
    option: str, count: int, least: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        ablations.main([f"--{option}", str(count), "--json", "figures.json"])
    assert f"--{option} is {count}; expected {least} or more" in capsys.readouterr().err


def test_cells_of_the_stage_alone_share_nothing_that_the_loss_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    composed, simulated = synthetic.days(8, 60), synthetic.days(8, 60)
    shipped = fresh.encoders()
    context = TrainingContext(None, tmp_path, tmp_path, seed=3)
    monkeypatch.setattr(TrainingContext, "train_days", [composed, simulated])
    monkeypatch.setattr(TrainingContext, "validation_days", synthetic.days(4, 60))
    monkeypatch.setattr(TrainingContext, "encoders", lambda _: copy.deepcopy(shipped))
    trained_on: list[Sequence[Days]] = []
    train = contrastive.train

    def recorded(encoders: Encoders, days: Sequence[Days], *others: Any) -> Encoders:
        trained_on.append(days)
        return train(encoders, days, *others)

    monkeypatch.setattr(contrastive, "train", recorded)
    quick = Fit(minutes=1, steps=1, checks=1)
    budget = ablations.TrainingBudget(quick, quick, windows=4, segments=4)
    cell, other = (ablations.train_with(context, "neither", budget) for _ in range(2))
    one, same = cell.encoders, other.encoders
    assert [len(days) for days in trained_on] == [1, 1]
    assert trained_on[0][0] is composed
    weights = [each.space.state_dict()["audio.1.weight"] for each in (one, same, shipped)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    # Nothing trained the space, so its inputs are standardised by the days alone.
    features = cell.scale.of(encode_segments(one, [composed], fast=True)).audio.flatten(0, 1)
    torch.testing.assert_close(
        one.space.audio[0](features).mean(0), torch.zeros(256), atol=1e-2, rtol=0
    )


def test_the_section_says_what_the_loss_changes_and_whether_seeds_agree() -> None:
    training = {"stretches": 2, "network": "1 steps", "stage": "1 steps", "segments": 100}
    runs = {
        str(seed): {
            "contrastive_alone": {"neither": 0.5},
            "contrastive_differences": {"a − b": 0.1 + 0.01 * seed, "c − d": 0.1 * (seed - 1)},
            "training": training,
        }
        for seed in range(3)
    }
    text = section("contrastive_alone", runs, "Written")
    assert "| a − b | 0.110 ± 0.010 |" in text
    assert "Of these, c − d is within the spread of the seeds" in text
    assert "drew 100 segments of 2 s; there are 118" in text
    assert "The encoders score best as they are" in text
    alone = section("contrastive_alone", {"0": runs["0"]}, "Written")
    assert "One seed does not show how far seeds differ." in alone
    assert "within the spread" not in alone


def test_only_the_stage_alone_has_a_device(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        ablations.main(["--device", "meta"])
    assert "--device is meta; expected cpu unless --contrastive-alone" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--minutes", "--sharing-minutes"])
@pytest.mark.parametrize("value", ["0", "nan"])
def test_no_time_is_refused_before_days_are_composed(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        ablations.main([option, value])
    assert f"{option} is {float(value)}; expected more than 0" in capsys.readouterr().err
