from __future__ import annotations

import pytest

from schemas.decision import decided, decided_in_order


def test_every_label_of_a_half_stands() -> None:
    assert decided({"Cooking": 0.5, "Eating": 0.9, "Reading": 0.4999}) == {"Cooking", "Eating"}


def test_in_doubt_the_likeliest_alone_stands() -> None:
    assert decided({"Cooking": 0.2, "Eating": 0.3}) == {"Eating"}


def test_in_doubt_the_first_by_name_stands_among_equals() -> None:
    assert decided({"Eating": 0.3, "Reading": 0.3, "Cooking": 0.3}) == {"Cooking"}


def test_no_estimate_decides_nothing() -> None:
    with pytest.raises(ValueError, match="empty"):
        decided({})


@pytest.mark.parametrize(
    ("probabilities", "names"),
    [
        ({"Cooking": 0.5, "Eating": 0.9, "Reading": 0.4999}, ["Eating", "Cooking"]),
        ({"Reading": 0.8, "Cooking": 0.8}, ["Cooking", "Reading"]),
        ({"Cooking": 0.2, "Eating": 0.3}, ["Eating"]),
        ({}, []),
    ],
)
def test_in_order_the_likeliest_stands_first(
    probabilities: dict[str, float], names: list[str]
) -> None:
    assert decided_in_order(probabilities) == names
