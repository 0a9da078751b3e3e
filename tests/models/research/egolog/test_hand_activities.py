from __future__ import annotations

import numpy as np
import pytest

from models.labels import ACTIVITIES
from models.research.egolog.hand_activities import HANDS, hidden_hands, shown_by_motion


def test_motion_alone_shows_a_posture_rather_than_what_the_hands_do() -> None:
    shown = shown_by_motion()
    np.testing.assert_allclose(shown.sum(axis=1), 1, atol=1e-6)
    row = dict(zip(ACTIVITIES, shown[ACTIVITIES.index("eating")].tolist(), strict=True))
    assert max(row, key=row.__getitem__) == "sitting"
    assert row["walking"] == row["clapping"] == 0
    assert row["eating"] > row["drinking"] > 0
    washing = shown[ACTIVITIES.index("washing hands")]
    assert ACTIVITIES[washing.argmax()] == "standing"
    walking = ACTIVITIES.index("walking")
    assert shown[walking, walking] == 1


@pytest.mark.parametrize("posture", sorted(HANDS))
def test_a_posture_may_be_another_than_that_in_which_an_activity_is_done_as_a_rule(
    posture: str,
) -> None:
    target = hidden_hands("eating", posture)
    assert target.sum() == pytest.approx(1)
    assert ACTIVITIES[target.argmax()] == posture
    assert target[ACTIVITIES.index("eating")] >= 0.25
