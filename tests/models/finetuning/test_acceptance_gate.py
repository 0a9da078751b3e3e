from __future__ import annotations

import copy
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from models.finetuning.acceptance_gate import (
    GateSettings,
    Verdict,
    _f1,
    _f1_error,
    _forgotten,
    judge,
)
from models.finetuning.examples import Examples
from models.finetuning.tune import tune
from tests.models.finetuning.windows import (
    HEAD,
    coreset,
    f1,
    later,
    mislabel,
    queue,
    shipped_network,
    stuck,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.egolog.scenario import ScenarioNet


@cache
def held() -> NDArray[np.bool_]:
    """Return which windows of the queue are judged on."""
    out_of: NDArray[np.bool_] = np.arange(len(queue())) // 8 % 4 == 0
    return out_of


def tune_and_judge(windows: Examples) -> tuple[ScenarioNet, Verdict]:
    """Tune on three quarters of a queue and judge on the rest, labelled in the same way."""
    tuned = tune(shipped_network(), windows.take(~held()), coreset().train, HEAD)
    return tuned, judge(shipped_network(), tuned, coreset().held_out, windows.take(held()))


@pytest.fixture(scope="module")
def rightly() -> tuple[ScenarioNet, Verdict]:
    """A network tuned on right labels, and what is judged of it."""
    return tune_and_judge(queue())


def test_what_learned_from_right_labels_is_accepted_with_its_figures(
    rightly: tuple[ScenarioNet, Verdict],
) -> None:
    tuned, verdict = rightly
    assert verdict.accepted
    assert verdict.after["queue_loss"] < verdict.before["queue_loss"]
    assert verdict.after["coreset_f1"] == pytest.approx(f1(tuned, coreset().held_out))
    assert verdict.before["coreset_f1"] == pytest.approx(f1(shipped_network(), coreset().held_out))
    assert verdict.metrics["queue_loss_before"] == verdict.before["queue_loss"]


@pytest.mark.training
@pytest.mark.parametrize("seed", range(2))
def test_with_a_third_of_the_labels_by_chance_what_is_accepted_is_no_worse(seed: int) -> None:
    tuned, verdict = tune_and_judge(mislabel(queue(), 0.3, seed))
    assert verdict.accepted, verdict.reason
    assert f1(tuned, later()) > f1(shipped_network(), later()) - 0.02
    assert f1(tuned, coreset().held_out) >= f1(shipped_network(), coreset().held_out) - 0.005


@pytest.mark.parametrize("scenario", [0, 6])
def test_one_label_for_everything_is_rejected(scenario: int) -> None:
    _, verdict = tune_and_judge(stuck(queue(), scenario))
    assert verdict.outcome == "one_sided"
    assert "labels as varied as 1.0 scenarios" in verdict.reason


@pytest.mark.parametrize("seed", range(2))
def test_labels_by_chance_alone_are_rejected(seed: int) -> None:
    _, verdict = tune_and_judge(mislabel(queue(), 1.0, seed))
    assert not verdict.accepted


def test_even_a_candidate_that_believes_one_label_for_everything_is_rejected() -> None:
    believer = copy.deepcopy(shipped_network())
    with torch.no_grad():
        believer.out.bias[6] += 8
    half = stuck(queue()).labels
    half[::2] = queue().labels[::2]
    windows = Examples(queue().rows, half).take(held())
    assert judge(shipped_network(), believer, coreset().held_out, windows).outcome == "original"


def test_what_forgets_its_original_days_is_rejected(
    rightly: tuple[ScenarioNet, Verdict],
) -> None:
    forgetful = copy.deepcopy(rightly[0])
    with torch.no_grad():
        forgetful.out.bias[2] -= 4
    verdict = judge(shipped_network(), forgetful, coreset().held_out, queue().take(held()))
    assert verdict.outcome == "original"
    assert "worse on original days" in verdict.reason


def test_the_parent_itself_is_not_better() -> None:
    verdict = judge(shipped_network(), shipped_network(), coreset().held_out, queue().take(held()))
    assert verdict.outcome == "queue"
    assert verdict.before == verdict.after


def test_too_few_windows_decide_nothing(rightly: tuple[ScenarioNet, Verdict]) -> None:
    tuned, _ = rightly
    few = queue().take(np.arange(3))
    assert judge(shipped_network(), tuned, coreset().held_out, few).outcome == "few"
    assert judge(shipped_network(), tuned, coreset().held_out, Examples.empty()).outcome == "few"


def test_an_error_of_the_change_counts_as_lost() -> None:
    truth = coreset().held_out.labels
    before = np.where(truth > 0, np.float32(0.9), np.float32(0.1))
    # As many windows get better as get worse, each by one scenario of sixteen.
    worse, better = before.copy(), before.copy()
    worse[::2, 3] = 1 - worse[::2, 3]
    better[1::2, 5] = 1 - better[1::2, 5]
    strict, lax = GateSettings(errors=2.0), GateSettings(errors=0.0)
    assert _forgotten(worse, better, truth, lax) is None
    assert "±" in str(_forgotten(worse, better, truth, strict))
    assert _forgotten(before, before, truth, strict) is None


def test_an_error_of_the_change_of_f1_is_what_drawing_windows_again_gives() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random((200, 16)) < 0.1).astype(np.float32)
    before, after = (np.where(rng.random(truth.shape) < 0.04, 1 - truth, truth) for _ in range(2))
    drawn = [
        _f1(after[at], truth[at]) - _f1(before[at], truth[at])
        for at in rng.integers(0, len(truth), (400, len(truth)))
    ]
    assert _f1_error(before, after, truth) == pytest.approx(float(np.std(drawn)), rel=0.1)


def test_what_is_lost_of_original_days_is_measured_from_the_shipped_network(
    rightly: tuple[ScenarioNet, Verdict],
) -> None:
    forgetful = copy.deepcopy(rightly[0])
    with torch.no_grad():
        forgetful.out.bias[2] -= 4
    windows = queue().take(held())
    of_parent = judge(forgetful, forgetful, coreset().held_out, windows)
    of_shipped = judge(forgetful, forgetful, coreset().held_out, windows, shipped=shipped_network())
    assert (of_parent.outcome, of_shipped.outcome) == ("queue", "original")
