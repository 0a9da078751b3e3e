from __future__ import annotations

import copy
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from models.finetuning import head
from models.finetuning.examples import Examples
from models.finetuning.noisy_labels import Trust
from models.finetuning.scoring import probabilities
from models.finetuning.temporal_smoothing import Timeline, in_hindsight
from models.finetuning.tune import TuneSettings, between, rarity, tune
from tests.models.finetuning.windows import (
    HEAD,
    coreset,
    f1,
    later,
    mislabel,
    queue,
    shipped_network,
    uncertain,
)

if TYPE_CHECKING:
    from models.egolog.scenario import ScenarioNet


def same(one: ScenarioNet, other: ScenarioNet) -> bool:
    theirs = other.state_dict()
    return all(torch.equal(value, theirs[key]) for key, value in one.state_dict().items())


@cache
def well_tuned(steps: int = 120) -> ScenarioNet:
    """Return the network half way to where a short training of all of it leads."""
    tuned = tune(shipped_network(), queue(), coreset().train, TuneSettings(sequence_steps=steps))
    return between(shipped_network(), tuned, 0.5)


@pytest.mark.accuracy
def test_a_queue_from_another_world_makes_its_later_windows_better_known_and_surer() -> None:
    assert f1(well_tuned(), later()) > f1(shipped_network(), later()) + 0.03
    assert uncertain(well_tuned(), later()) < 0.9 * uncertain(shipped_network(), later())


@pytest.mark.parametrize("steps", [30, pytest.param(120, marks=pytest.mark.accuracy)])
def test_original_days_lose_no_more_than_a_point(steps: int) -> None:
    assert (
        f1(well_tuned(steps), coreset().held_out) > f1(shipped_network(), coreset().held_out) - 0.01
    )


@pytest.mark.training
def test_with_a_third_of_the_labels_by_chance_it_still_gets_better_on_average() -> None:
    gains = []
    for seed in range(4):
        tuned = tune(shipped_network(), mislabel(queue(), 0.3, seed), coreset().train, HEAD)
        gains.append(f1(tuned, later()) - f1(shipped_network(), later()))
        assert f1(tuned, coreset().held_out) > f1(shipped_network(), coreset().held_out) - 0.01
    assert np.mean(gains) > 0
    assert min(gains) > -0.02


def test_the_same_seed_gives_the_same_weights_and_leaves_the_parent_alone() -> None:
    before = {key: value.clone() for key, value in shipped_network().state_dict().items()}
    settings = TuneSettings(seed=3, sequence_steps=3)
    windows = queue().take(np.arange(20))
    first = tune(shipped_network(), windows, coreset().train, settings)
    torch.rand(5)
    assert same(first, tune(shipped_network(), windows, coreset().train, settings))
    assert not same(
        first, tune(shipped_network(), windows, coreset().train, TuneSettings(4, sequence_steps=3))
    )
    assert all(
        torch.equal(value, before[key]) for key, value in shipped_network().state_dict().items()
    )
    assert not first.training


def test_only_the_head_changes_unless_steps_for_the_rest_are_asked_for() -> None:
    windows = queue().take(np.arange(20))

    def changed(steps: int) -> set[str]:
        tuned = tune(
            shipped_network(), windows, coreset().train, TuneSettings(sequence_steps=steps)
        )
        mine = tuned.state_dict()
        return {
            key
            for key, value in shipped_network().state_dict().items()
            if not torch.equal(value, mine[key])
        }

    assert changed(0) == {"out.weight", "out.bias"}
    assert {"lift.0.weight", "norm.weight"} < changed(2)


def test_an_empty_queue_gives_a_copy() -> None:
    tuned = tune(shipped_network(), Examples.empty(), coreset().train)
    assert tuned is not shipped_network()
    assert same(tuned, shipped_network())


def test_a_window_is_taught_what_its_whole_session_was(monkeypatch: pytest.MonkeyPatch) -> None:
    targets: list[torch.Tensor] = []
    monkeypatch.setattr(head, "fit", lambda _, windows, *__: targets.append(windows.targets))
    windows = queue().take(np.arange(12))
    when = Timeline(np.zeros(12, np.int64), np.arange(12))
    for at in (None, when):
        tune(shipped_network(), windows, coreset().train, HEAD, at)
    predicted = probabilities(shipped_network(), windows.rows)
    trusted = Trust.of(predicted, windows.labels).belief(predicted, windows.labels)
    np.testing.assert_array_equal(targets[0], trusted)
    np.testing.assert_array_equal(targets[1], in_hindsight(trusted, when))
    assert not torch.equal(*targets)


def test_between_two_networks_lies_their_mean() -> None:
    other = copy.deepcopy(shipped_network())
    with torch.no_grad():
        other.out.bias.add_(2.0)
    half = between(shipped_network(), other, 0.5)
    assert torch.allclose(half.out.bias, shipped_network().out.bias + 1.0)
    assert torch.equal(half.out.weight, shipped_network().out.weight)
    assert same(between(shipped_network(), other, 0.0), shipped_network())
    assert not half.training


def test_rare_scenarios_count_more_as_far_as_they_are_balanced() -> None:
    labels = np.zeros((100, 16), np.float32)
    labels[:90, 0] = 1
    labels[90:, 1] = 1
    full, half, none = (rarity(labels, balance) for balance in (1.0, 0.5, 0.0))
    assert full[:90].sum() / full[90:].sum() == pytest.approx(1, abs=0.1)
    assert 1 < half[:90].sum() / half[90:].sum() < 9
    np.testing.assert_allclose(none, 1)
    np.testing.assert_allclose(full.mean(), 1, rtol=1e-5)
