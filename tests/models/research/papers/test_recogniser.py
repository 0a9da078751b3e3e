from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from models.research.lib.fit import Fit
from models.research.papers.published import Contexts, Moments, Published, TablesError, split_users
from models.research.papers.recogniser import (
    Column,
    Recognised,
    activity_table,
    recogniser,
    scenario_table,
)

if TYPE_CHECKING:
    from models.egolog.contrastive import SharedSpace
    from models.egolog.scenario import ScenarioNet

USERS = [f"u{n}" for n in range(10)]
QUICK = Fit(minutes=5.0, rate=4e-3, steps=40, checks=4)


def published(rng_seed: int = 0, noise: float = 0.3, told_apart: bool = True) -> Published:
    """Two scenarios, four activities: sound tells pairs, motion nothing, the scenario the rest.

    Activity 2·s + p happens in scenario s; sound shows p alone, and context features show s.
    """
    rng = np.random.default_rng(rng_seed)
    contexts, moments = 100, 500
    scenario = rng.integers(0, 2, contexts)
    user = np.array(USERS)[np.arange(contexts) % len(USERS)]
    shown = np.eye(8)[scenario] if told_apart else np.zeros((contexts, 8))
    audio = shown[:, None] + rng.normal(0, noise, (contexts, 15, 8))
    imu = shown[:, None] + rng.normal(0, noise, (contexts, 15, 8))
    context = rng.integers(0, contexts, moments)
    pair = rng.integers(0, 2, moments)
    felt = np.eye(8)[4 + pair] + rng.normal(0, noise, (moments, 8))

    def floats(values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values.astype(np.float32))

    present = torch.ones(contexts, 15, dtype=torch.bool)
    there = torch.ones(moments, dtype=torch.bool)
    return Published(
        name="made",
        scenarios=("a", "b"),
        activities=("a0", "a1", "b0", "b1"),
        contexts=Contexts(
            floats(audio),
            present,
            floats(imu),
            present,
            floats(np.eye(2)[scenario]),
            user,
            np.ones(contexts, bool),
        ),
        moments=Moments(
            floats(felt),
            there,
            floats(rng.normal(0, 1, (moments, 8))),
            there,
            torch.from_numpy(2 * scenario[context] + pair),
            torch.from_numpy(context),
            user[context],
        ),
    )


@pytest.fixture(scope="module")
def trained() -> tuple[Column, ScenarioNet, SharedSpace, float]:
    return scenario_table(published(), split_users(USERS, 0), QUICK, 0)


def test_heads_learn_what_the_features_show_of_unseen_users(
    trained: tuple[Column, ScenarioNet, SharedSpace, float],
) -> None:
    data, split = published(), split_users(USERS, 0)
    column, network, space, threshold = trained
    assert column.scores["Random"] == 0.5
    for row in ("Audio", "IMU", "Late fusion", "Multi-modal", "+ Contrastive", "+ Transformer"):
        assert column.scores[row] > 0.95, row  # type: ignore[operator]
    assert "2 scenarios; " in column.note
    assert 0 < threshold < 1
    probability = recogniser(data, split, network, space)(data.contexts)
    assert probability.shape == (100, 2)
    assert (probability.argmax(1) == data.contexts.scenarios.numpy().argmax(1)).mean() > 0.95


def test_features_that_show_nothing_score_no_better_than_always_saying_the_same() -> None:
    data = published(told_apart=False)
    column, *_ = scenario_table(data, split_users(USERS, 0), Fit(5.0, 4e-3, steps=12, checks=3), 0)
    assert column.scores["+ Transformer"] < 0.75  # type: ignore[operator]


def test_the_scenario_tells_activities_apart_that_sound_alone_cannot(
    trained: tuple[Column, ScenarioNet, SharedSpace, float],
) -> None:
    data, split = published(), split_users(USERS, 0)
    _, network, space, threshold = trained
    told = Recognised(torch.eye(2), recogniser(data, split, network, space), threshold, own=True)
    scores = activity_table(data, split, QUICK, 0, told).scores
    assert scores["Random"] == 0.25
    for row in ("Audio", "Late fusion", "Concatenated (SAMoSA-style)", "Multi-modal"):
        assert 0.35 < scores[row] < 0.68, row  # type: ignore[operator]
    assert scores["IMU"] < 0.4  # type: ignore[operator]
    assert scores["+ Scenario"] > 0.85  # type: ignore[operator]
    assert scores["+ Scenario (as labelled)"] > 0.85  # type: ignore[operator]


def test_without_scenarios_their_rows_stay_empty() -> None:
    scores = activity_table(published(), split_users(USERS, 0), Fit(5.0, steps=5), 0).scores
    assert scores["+ Scenario"] is None
    assert scores["Multi-modal"] is not None


def test_the_test_users_decide_nothing_but_the_score() -> None:
    data, split = published(), split_users(USERS, 0)
    quick = Fit(minutes=5.0, steps=6, checks=2)
    _, network, space, threshold = scenario_table(data, split, quick, 0)
    tested = np.isin(data.contexts.user, sorted(split.test))
    changed = published()
    changed.contexts.audio[tested] = 99.0
    changed.contexts.scenarios[tested] = 1.0
    _, again, space_again, threshold_again = scenario_table(changed, split, quick, 0)
    assert threshold == threshold_again
    for one, other in ((network, again), (space, space_again)):
        for key, value in one.state_dict().items():
            torch.testing.assert_close(value, other.state_dict()[key], rtol=0, atol=0)


def test_a_part_without_labels_is_refused_by_name() -> None:
    data, split = published(), split_users(USERS, 0)
    data.contexts.scenarios[np.isin(data.contexts.user, sorted(split.test))] = 0
    with pytest.raises(TablesError, match="no scenario among its test users"):
        scenario_table(data, split, QUICK, 0)
