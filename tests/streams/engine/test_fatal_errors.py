from __future__ import annotations

import errno
import os

import pytest

from infra.errors import ServiceError, TopicsError
from streams.engine.fatal_errors import explained

REDIS = "redis://:secret@store"


def test_an_error_of_ours_explains_itself() -> None:
    error = TopicsError("topic spatial is missing")
    assert explained(error, REDIS) is error


def test_a_full_disk_is_explained_by_its_file() -> None:
    problem = explained(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "cache.db"), REDIS)
    assert isinstance(problem, ServiceError)
    assert str(problem).startswith("disk of cache.db is full: ")


@pytest.mark.parametrize("error", [FileNotFoundError("x"), ZeroDivisionError()])
def test_any_other_error_needs_its_traceback(error: Exception) -> None:
    assert explained(error, REDIS) is None
