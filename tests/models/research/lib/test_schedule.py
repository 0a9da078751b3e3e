from __future__ import annotations

from itertools import islice

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
