from __future__ import annotations

import pytest

from bench.parts.comparison import BARE, Comparison
from bench.subjects.running import Cost


def cost(ms: float) -> Cost:
    return Cost(100.0, ms, {"main": ms}, 1.0, 100.0)


def test_a_ratio_is_of_the_same_round() -> None:
    # The machine was half as fast in the second round: what counts is what ran beside it.
    comparison = Comparison("product", {"product": [cost(10.0), cost(20.0)]}, bare_ms=[8.0, 16.0])
    assert comparison.ratio(BARE, "product") == pytest.approx(0.8)
    assert comparison.ratio("product", BARE) == pytest.approx(1.25)
    assert comparison.ms("product") == 15.0
