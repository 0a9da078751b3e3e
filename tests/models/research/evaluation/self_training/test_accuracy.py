"""What refining and learning are worth on a shifted domain, mean of three seeds."""

from __future__ import annotations

from statistics import mean
from typing import Any

import pytest

from models.research.evaluation.self_training import measures
from models.serving.registry import WEIGHTS_DIR
from tests.shared_data import shared_data

SEEDS = (0, 1, 2)

pytestmark = [pytest.mark.accuracy, pytest.mark.timeout(7_200)]


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    cache, data = tmp_path_factory.mktemp("days"), shared_data()
    return [measures.measure(WEIGHTS_DIR, data, seed, cache) for seed in SEEDS]


def test_the_offline_expert_is_worth_two_points_in_doubt(figures: list[dict[str, Any]]) -> None:
    assert mean(run["expert_gain_uncertain"] for run in figures) >= 0.02


def test_an_endpoint_helps_the_more_the_oftener_it_is_right(figures: list[dict[str, Any]]) -> None:
    gains = [mean(run["oracle_gain"][at] for run in figures) for at in ("0.7", "0.8", "0.9")]
    assert 0 < gains[0] < gains[1] < gains[2]


@pytest.mark.xfail(
    reason="a day's queue of some fifty windows is worth one point",
    raises=AssertionError,
    strict=True,
)
def test_one_days_queue_is_worth_three_points_on_the_next_days(
    figures: list[dict[str, Any]],
) -> None:
    assert mean(run["adapt_gain"] for run in figures) >= 0.03


@pytest.mark.xfail(
    reason="it falls by three tenths: from 5.4 % to 3.8 %", raises=AssertionError, strict=True
)
def test_the_share_in_doubt_falls_by_a_third(figures: list[dict[str, Any]]) -> None:
    before, after = (mean(run["uncertain_share"][at] for run in figures) for at in (0, 1))
    assert after <= before * 2 / 3


@pytest.mark.xfail(
    reason="one of the three seeds loses 1.3 points", raises=AssertionError, strict=True
)
def test_the_original_domain_loses_half_a_point_at_most(figures: list[dict[str, Any]]) -> None:
    assert mean(run["original_change"] for run in figures) >= -0.005


def test_poison_makes_nothing_worse(figures: list[dict[str, Any]]) -> None:
    assert min(run["poisoned_change"] for run in figures) >= 0


def test_calls_fall_from_day_to_day(figures: list[dict[str, Any]]) -> None:
    first, _, last = (mean(run["calls_per_hour"][day] for run in figures) for day in range(3))
    assert last < first
