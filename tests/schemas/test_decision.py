from __future__ import annotations

import pytest

from schemas.decision import detected_labels


@pytest.mark.parametrize(
    ("probabilities", "names"),
    [
        ({"Cooking": 0.5, "Eating": 0.9, "Reading": 0.4999}, ["Eating", "Cooking"]),
        ({"Reading": 0.8, "Cooking": 0.8}, ["Cooking", "Reading"]),
        ({"Cooking": 0.2, "Eating": 0.3}, ["Eating"]),
        ({"Eating": 0.3, "Reading": 0.3, "Cooking": 0.3}, ["Cooking"]),
        ({}, []),
    ],
)
def test_every_label_of_a_half_stands_and_the_likeliest_at_least(
    probabilities: dict[str, float], names: list[str]
) -> None:
    assert detected_labels(probabilities) == names
