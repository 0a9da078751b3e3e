from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.egolog.scenario import SCENARIO, ScenarioNet
from models.finetuning.acceptance_gate import Outcome, Verdict
from models.finetuning.revise import Candidate
from models.finetuning.scoring import probabilities
from models.labels import SCENARIOS
from models.research.egolog.households.log import smoothed_labels
from models.research.evaluation.self_training import adapting
from models.research.evaluation.self_training.adapting import adapt_daily, change_of, queue_items
from models.research.evaluation.self_training.annotators import Oracle, Stuck
from models.research.evaluation.self_training.uncertainty import uncertain
from models.serving.registry import Registry
from tests.models import fresh
from tests.models.research.egolog.households.lives import household_windows


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return fresh.registry(tmp_path_factory.mktemp("weights"))


def test_windows_in_doubt_are_queued_with_their_rows_and_names() -> None:
    days = household_windows(12, uncertainty=[4, 9])
    items = queue_items(days, days.scenarios, [Oracle(1.0)])
    assert [item.window_id for item in items] == [days.record(n).window_id for n in (4, 9)]
    for item, n in zip(items, (4, 9), strict=True):
        assert np.array_equal(item.embeddings.array(), days.rows[n])
        assert item.pseudo_labels == [SCENARIOS[int(days.truth[n].argmax())]]
        assert item.provenance == "oracle 1"
        assert item.confidence == pytest.approx(0.4)


def test_of_several_the_first_who_looks_at_a_window_names_it() -> None:
    days = household_windows(12, uncertainty=[4, 9])
    items = queue_items(days, days.scenarios, [Oracle(1.0), Stuck("Cooking", always=True)])
    assert [item.window_id for item in items] == [days.record(n).window_id for n in range(12)]
    for n, item in enumerate(items):
        named_by = "oracle 1" if n in (4, 9) else "stuck on Cooking"
        assert item.provenance == named_by


@pytest.fixture
def revisions(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Play the fine-tuner: the second day's revision is accepted, and is sure of one scenario."""
    asked: list[dict[str, Any]] = []

    def revise(registry: Registry, items: Any, in_use: Any, out: Path, *_: Any) -> Candidate:
        asked.append({"items": list(items), "in_use": in_use})
        tuned = ScenarioNet()
        with torch.no_grad():
            tuned.out.weight.zero_()
            tuned.out.bias.fill_(-9.0)[0] = 9.0
        saved = registry.save(SCENARIO, tuned, out)
        outcome: Outcome = "accepted" if len(asked) == 2 else "queue"
        return Candidate(saved.revision, 1, 1, Verdict(outcome, "played", {}, {}))

    monkeypatch.setattr(adapting, "revise", revise)
    return asked


def test_a_day_begins_with_what_the_gate_let_through_the_day_before(
    registry: Registry, tmp_path: Path, revisions: list[dict[str, Any]]
) -> None:
    days = household_windows(12, days=4, wearers=2)
    found = adapt_daily(registry, days, [Oracle(1.0)], tmp_path)
    shipped = registry.load(SCENARIO).module
    first, second = (days.take(days.day == n) for n in (0, 1))
    in_doubt = [
        len(uncertain(smoothed_labels(each, probabilities(shipped, each.rows))))
        for each in (first, second)
    ]
    # Of 24 windows of half a minute: a fifth of an hour.
    assert [day.calls_per_hour for day in found[:2]] == [n / 0.2 for n in in_doubt]
    assert [day.calls_per_hour for day in found[2:]] == [0, 0]
    assert [day.outcome for day in found] == ["queue", "accepted", "queue", "queue"]
    assert [each["in_use"] for each in revisions] == [
        *(None, None),
        *[tmp_path / "scenario-1.safetensors"] * 2,
    ]
    assert [len(each["items"]) for each in revisions] == [in_doubt[0], *[sum(in_doubt)] * 3]
    rows = days.rows[:4]
    assert np.array_equal(
        probabilities(found[0].network, rows),
        probabilities(shipped, rows),
    )
    assert (probabilities(found[1].network, rows)[:, 0] > 0.5).all()


def test_days_after_the_last_are_not_lived(
    registry: Registry, tmp_path: Path, revisions: list[dict[str, Any]]
) -> None:
    days = household_windows(8, days=3)
    assert len(adapt_daily(registry, days, [Oracle(1.0)], tmp_path, last=0)) == 1
    assert len(revisions) == 1


def test_changes_are_of_f1_and_of_the_share_in_doubt() -> None:
    truth = household_windows(8).truth
    found = change_of(np.zeros_like(truth), np.ones_like(truth), truth)
    assert (found["f1_before"], found["uncertain_before"]) == (0.0, 1.0)
    assert found["f1_after"] == pytest.approx(2 / 17)
    assert found["uncertain_after"] == 0.0
