from __future__ import annotations

import math
from itertools import islice

import pytest

from models.research.lib.schedule import moments


def test_a_number_of_steps_ends_the_training_whatever_the_time() -> None:
    course = list(moments("made", 60.0, 4, 2))
    assert [moment.step for moment in course] == [0, 1, 2, 3, 4]
    assert [moment.done for moment in course] == [0, 0.25, 0.5, 0.75, 1]


def test_checks_are_even_and_the_last_is_at_the_end() -> None:
    course = list(moments("made", 60.0, 4, 2))
    assert [moment.step for moment in course if moment.is_check] == [2, 4]


def test_the_end_of_the_time_comes_first_and_is_checked_once() -> None:
    [only] = moments("made", 0.0 + 1e-12, 1_000, 5)
    assert only.is_check
    assert only.done >= 1


def test_without_a_number_of_steps_the_time_counts() -> None:
    assert all(0 <= moment.done < 1 for moment in islice(moments("made", 60.0, None, 1), 3))


def test_the_time_ends_nothing_before_the_least_steps() -> None:
    course = list(moments("made", 1e-9, None, 1, least_steps=3))
    assert [moment.step for moment in course] == [0, 1, 2, 3]
    assert [moment.done for moment in course[:-1]] == [0, 1 / 3, 2 / 3]


def test_a_number_of_steps_below_the_least_ends_the_training() -> None:
    assert [moment.step for moment in moments("made", 60.0, 2, 1, least_steps=100)] == [0, 1, 2]


def test_the_rate_rises_and_then_falls_to_its_lowest_share() -> None:
    rates = [moment.rate(2.0, 2, 0.1) for moment in moments("made", 60.0, 4, 1)]
    cosines = [0.5 * (1 + math.cos(math.pi * done)) for done in (0.25, 0.5, 0.75)]
    assert rates == pytest.approx([1.0, *(2.0 * each for each in cosines), 0.2])
