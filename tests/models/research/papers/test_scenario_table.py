from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from models.research.lib.fit import Fit
from models.research.papers.published import TablesError, split_users
from models.research.papers.recogniser import Column, recogniser
from models.research.papers.scenario_table import scenario_table
from tests.models.research.papers.synthetic import QUICK, USERS, published

if TYPE_CHECKING:
    from models.egolog.contrastive import SharedSpace
    from models.egolog.scenario import ScenarioNet


@pytest.fixture(scope="module")
def trained() -> tuple[Column, ScenarioNet, SharedSpace, float]:
    return scenario_table(published(), split_users(USERS, 0), QUICK, 0)


@pytest.mark.training
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


@pytest.mark.training
def test_features_that_show_nothing_score_no_better_than_always_saying_the_same() -> None:
    data = published(told_apart=False)
    column, *_ = scenario_table(data, split_users(USERS, 0), Fit(5.0, 4e-3, steps=12, checks=3), 0)
    assert column.scores["+ Transformer"] < 0.75  # type: ignore[operator]


@pytest.mark.training
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
