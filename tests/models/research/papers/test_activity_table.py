from __future__ import annotations

import pytest
import torch

from models.research.lib.fit import Fit
from models.research.papers.activity_table import ScenarioContext, activity_table
from models.research.papers.published import split_users
from models.research.papers.recogniser import recogniser
from models.research.papers.scenario_table import scenario_table
from tests.models.research.papers.synthetic import QUICK, USERS, published


@pytest.mark.training
def test_the_scenario_tells_activities_apart_that_sound_alone_cannot() -> None:
    data, split = published(), split_users(USERS, 0)
    _, network, space, threshold = scenario_table(data, split, QUICK, 0)
    recognised = ScenarioContext(
        torch.eye(2), recogniser(data, split, network, space), threshold, own=True
    )
    scores = activity_table(data, split, QUICK, 0, recognised).scores
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
