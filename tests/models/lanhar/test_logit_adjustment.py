"""Logits of labels by the device's position."""

from __future__ import annotations

from models.lanhar.logit_adjustment import ADJUSTMENTS, adjustment
from models.serving.open_vocabulary import IN_FORCE
from schemas.position import KNOWN_PLACES


def test_a_position_without_constants_and_an_unknown_one_adjust_nothing() -> None:
    for position in (None, *(place for place in KNOWN_PLACES if place not in ADJUSTMENTS)):
        assert not adjustment(IN_FORCE, position).any()


def test_a_label_has_its_constant_wherever_it_stands() -> None:
    names = ("eating", "a new label", "walking")
    own = ADJUSTMENTS["pocket"]
    assert adjustment(names, "pocket").tolist() == [own["eating"], 0.0, own["walking"]]


def test_constants_are_of_labels_in_force() -> None:
    assert all(set(labels) <= set(IN_FORCE) for labels in ADJUSTMENTS.values())
