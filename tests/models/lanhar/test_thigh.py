"""Posture by the angle of a thigh."""

from __future__ import annotations

import pytest

from models.lanhar.thigh import CONTRADICTED, posture_logits

NAMES = ("sitting", "eating", "standing")


@pytest.mark.parametrize("cosine", [0.95, -0.95])
def test_a_wearer_with_an_upright_thigh_does_not_sit(cosine: float) -> None:
    assert posture_logits(NAMES, "pocket", cosine).tolist() == [-CONTRADICTED, 0.0, 0.0]


@pytest.mark.parametrize("cosine", [0.1, -0.5])
def test_a_wearer_with_a_level_thigh_does_not_stand(cosine: float) -> None:
    assert posture_logits(NAMES, "pocket", cosine).tolist() == [0.0, 0.0, -CONTRADICTED]


def test_a_thigh_in_between_an_unknown_angle_and_other_positions_show_nothing() -> None:
    assert not posture_logits(NAMES, "pocket", 0.7).any()
    assert not posture_logits(NAMES, "pocket", None).any()
    assert not posture_logits(NAMES, "waist", 0.1).any()
    assert not posture_logits(NAMES, None, 0.1).any()
