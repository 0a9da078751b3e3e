from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.serving.result_cache import ResultCache

if TYPE_CHECKING:
    from collections.abc import Callable


def doubled(asked: list[float]) -> Callable[[Any], Any]:
    def compute(array: Any) -> Any:
        asked.append(float(array[0]))
        return array * 2

    return compute


def test_what_an_array_holds_is_computed_once_whatever_its_place() -> None:
    asked: list[float] = []
    cache, compute = ResultCache(8), doubled(asked)
    values = np.arange(1, 9, dtype=np.float16)
    first = cache.of(values, compute)
    again = cache.of(np.repeat(values, 2)[::2], compute)
    assert asked == [1.0]
    assert first is again
    np.testing.assert_array_equal(first, 2 * values.astype(np.float32))


def test_numbers_of_two_types_never_stand_for_each_other() -> None:
    cache, compute = ResultCache(8), doubled([])
    values = np.arange(1, 9, dtype=np.float16)
    first, same_bytes = cache.of(values, compute), cache.of(values.view(np.float32), compute)
    assert len(first) == 2 * len(same_bytes)
    np.testing.assert_array_equal(first, cache.of(values.astype(np.float32), compute))


def test_the_latest_asked_for_are_kept() -> None:
    asked: list[float] = []
    cache, compute = ResultCache(2), doubled(asked)
    for value in (1, 2, 1, 3, 1, 2):
        cache.of(np.array([value]), compute)
    assert asked == [1.0, 2.0, 3.0, 2.0]


def test_what_was_asked_for_as_the_last_time_is_the_first_to_go() -> None:
    asked: list[float] = []
    cache, compute = ResultCache(300), doubled(asked)
    for value in range(200):
        cache.of(np.array([value]), compute)
    for value in range(150):
        cache.of(np.array([value]), compute, last=True)
    assert len(asked) == 200
    for value in (199, 22, 21):
        cache.of(np.array([value]), compute)
    assert asked[200:] == [21.0]
    # Asked for again as not the last time, it stays.
    for value in range(200, 400):
        cache.of(np.array([value]), compute, last=True)
    cache.of(np.array([22]), compute)
    assert asked[-1] == 399.0
    assert len(asked) == 401
