from __future__ import annotations

import pytest

from infra.daily_log.records import leading
from operators.naming import name_activity
from schemas.decision import detected_labels
from schemas.ranking import likeliest, rank_labels

EQUALS = {"Reading": 0.3, "Cooking": 0.3, "Eating": 0.3}


def test_the_likeliest_come_first_and_equals_by_name() -> None:
    probabilities = {"c": 0.2, "b": 0.5, "a": 0.2, "d": 0.1}
    assert rank_labels(probabilities, 3) == [("b", 0.5), ("a", 0.2), ("c", 0.2)]
    assert [name for name, _ in rank_labels(probabilities)] == ["b", "a", "c", "d"]


def test_among_equals_the_first_by_name_is_likeliest() -> None:
    assert likeliest(EQUALS) == "Cooking"
    assert likeliest({**EQUALS, "Reading": 0.31}) == "Reading"


def test_log_refiner_and_page_agree_on_equals() -> None:
    named = name_activity(EQUALS, {}, 0.5)
    assert named is not None
    assert {leading(EQUALS), *detected_labels(EQUALS), named.name} == {"Cooking"}


def test_no_label_at_all_is_an_error() -> None:
    with pytest.raises(ValueError, match="empty"):
        likeliest({})
    assert rank_labels({}) == []
