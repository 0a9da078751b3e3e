import itertools

import numpy as np
import pytest

from models.egolog.offline_expert import Expert
from models.finetuning.temporal_smoothing import Timeline, in_hindsight
from tests.models.finetuning.windows import items, queue

COOKING, TV = 0, 8


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
    said = beliefs(0.1, 0.3, 0.5, 0.8, 0.9, 0.95)
    ahead = in_hindsight(said, in_a_row(6))
    np.testing.assert_allclose(ahead, in_hindsight(said[::-1], in_a_row(6))[::-1], atol=1e-6)


def test_neither_another_session_nor_another_day_says_anything() -> None:
    said = beliefs(0.9, 0.4, 0.9)
    apart = Timeline.apart(3)
    np.testing.assert_array_equal(in_hindsight(said, apart), said)
    sessions = Timeline(np.array([0, 1, 0]), np.array([0, 1, 2]))
    np.testing.assert_array_equal(in_hindsight(said, sessions)[1], said[1])
    near, far = (
        in_hindsight(said, Timeline(np.zeros(3, np.int64), np.arange(3) * gap))[1, COOKING]
        for gap in (1, 2_880)
    )
    assert far < said[1, COOKING] < near


def test_it_is_the_chain_of_all_ways_through_the_session() -> None:
    """Against the sum over every way that one scenario can take through four windows."""
    expert = Expert.load()
    said = beliefs(0.7, 0.2, 0.6, 0.9)
    odds = np.log(said[:, TV] / (1 - said[:, TV]))
    stay, start = expert.stay[TV], expert.start[TV]
    rest = start / (1 - stay + start)
    says = 0.5 * (odds - np.log(rest / (1 - rest)))
    on, total = np.zeros(4), 0.0
    for way in np.ndindex(2, 2, 2, 2):
        likely = rest if way[0] else 1 - rest
        for before, after in itertools.pairwise(way):
            goes_on = stay if before else start
            likely *= goes_on if after else 1 - goes_on
        likely *= np.exp(np.dot(says, way))
        on += likely * np.array(way)
        total += likely
    found = in_hindsight(said, in_a_row(4))[:, TV]
    np.testing.assert_allclose(found, on / total, atol=1e-6)


def test_a_timeline_is_that_of_the_items() -> None:
    some = items(queue().take(np.arange(3)))
    some[2] = some[2].model_copy(update={"session_id": "another"})
    when = Timeline.of_items(some)
    assert when.session.tolist() == [0, 0, 1]
    assert np.diff(when.step).tolist() == [20, 20]
    assert len(when.take(np.array([True, False, True]))) == 2


@pytest.mark.parametrize("count", [0, 1])
def test_few_windows_are_as_they_were(count: int) -> None:
    said = beliefs(*[0.3] * count)
    np.testing.assert_array_equal(in_hindsight(said, in_a_row(count)), said)
