from __future__ import annotations

from collections import Counter

from infra.model_store.history import Attempt
from schemas import ModelUpdate
from schemas.learning import SHIPPED
from schemas.scenario import NO_REFINER
from streams.demo.learning import AFTER, refined_line, revision_lines

NOW = ModelUpdate(model="scenario", revision=SHIPPED, created_ns=0)


def test_the_summary_says_who_refined_how_many_of_the_doubtful_records() -> None:
    by = Counter({NO_REFINER: 2, "offline expert 1a": 3, "gpt-4o-mini": 7})
    assert refined_line(by) == (
        "10 of 12 doubtful scenario records, 7 by gpt-4o-mini, 3 by offline expert 1a"
    )
    assert refined_line(Counter()) == "0 of 0 doubtful scenario records"


def test_the_summary_says_what_became_of_each_revision() -> None:
    tried = Attempt(
        model="scenario",
        revision="0123456789ab",
        state="rejected",
        created_ns=1,
        reason="worse on the coreset",
    )
    assert revision_lines([tried], NOW, 9) == [
        "revisions:  1 tried; in use: shipped",
        "  0123456789ab rejected: worse on the coreset",
    ]


def test_without_an_attempt_the_summary_says_what_one_takes() -> None:
    [line] = revision_lines([], NOW, 3)
    assert line == (
        f"revisions:  0 tried, 3 windows were named and {AFTER} make an attempt; in use: shipped"
    )
