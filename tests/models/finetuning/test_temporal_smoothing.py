import itertools

import numpy as np
import pytest

from models.egolog.scenario_sets import CHANGED, ScenarioSets
from models.finetuning.temporal_smoothing import Timeline, in_hindsight
from tests.models.finetuning.windows import items, queue

COOKING = 0


def beliefs(*likely: float) -> np.ndarray:
    found = np.full((len(likely), 16), 0.05, np.float32)
    found[:, COOKING] = likely
    return found


def in_a_row(count: int) -> Timeline:
    return Timeline(np.zeros(count, np.int64), np.arange(count))


def test_a_window_is_what_those_around_it_are() -> None:
    found = in_hindsight(beliefs(0.9, 0.9, 0.4, 0.9, 0.9), in_a_row(5))[:, COOKING]
    assert found[2] > 0.6
    lone = in_hindsight(beliefs(0.05, 0.05, 0.6, 0.05, 0.05), in_a_row(5))[:, COOKING]
    assert lone[2] < 0.4


def test_what_came_after_speaks_as_what_came_before() -> None:
    beliefs_before = beliefs(0.1, 0.3, 0.5, 0.8, 0.9, 0.95)
    ahead = in_hindsight(beliefs_before, in_a_row(6))
    np.testing.assert_allclose(
        ahead, in_hindsight(beliefs_before[::-1], in_a_row(6))[::-1], atol=1e-6
    )


def test_neither_another_session_nor_another_day_says_anything() -> None:
    beliefs_before = beliefs(0.9, 0.4, 0.9)
    apart = Timeline.apart(3)
    np.testing.assert_array_equal(in_hindsight(beliefs_before, apart), beliefs_before)
    sessions = Timeline(np.array([0, 1, 0]), np.array([0, 1, 2]))
    np.testing.assert_array_equal(in_hindsight(beliefs_before, sessions)[1], beliefs_before[1])
    near, far = (
        in_hindsight(beliefs_before, Timeline(np.zeros(3, np.int64), np.arange(3) * gap))[
            1, COOKING
        ]
        for gap in (1, 2_880)
    )
    assert far < beliefs_before[1, COOKING] < near


def test_it_is_the_sum_over_all_ways_through_the_session() -> None:
    """Against every sequence of sets of at most two of three scenarios through three windows."""
    sets = ScenarioSets.of(3)
    beliefs_before = np.array([[0.7, 0.2, 0.1], [0.4, 0.5, 0.1], [0.2, 0.9, 0.6]], np.float32)
    likelihood = np.exp(sets.evidence(beliefs_before.astype(float)))
    present, total = np.zeros((3, 3)), 0.0
    for way in np.ndindex(*[len(sets.prior)] * 3):
        likely = float(sets.prior[way[0]])
        for before, after in itertools.pairwise(way):
            likely *= (1 - CHANGED) * (before == after) + CHANGED * float(sets.prior[after])
        likely *= float(likelihood[np.arange(3), way].prod())
        present += likely * sets.members[list(way)]
        total += likely
    np.testing.assert_allclose(
        in_hindsight(beliefs_before, in_a_row(3)), present / total, atol=1e-6
    )


def test_a_timeline_is_that_of_the_items() -> None:
    some = items(queue().take(np.arange(3)))
    some[2] = some[2].model_copy(update={"session_id": "another"})
    when = Timeline.of_items(some)
    assert when.session.tolist() == [0, 0, 1]
    assert np.diff(when.step).tolist() == [20, 20]
    assert len(when.take(np.array([True, False, True]))) == 2


@pytest.mark.parametrize("count", [0, 1])
def test_few_windows_are_as_they_were(count: int) -> None:
    beliefs_before = beliefs(*[0.3] * count)
    np.testing.assert_array_equal(in_hindsight(beliefs_before, in_a_row(count)), beliefs_before)
