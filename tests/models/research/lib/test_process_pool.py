"""A pool is left at once when something fails, and has done everything otherwise."""

from __future__ import annotations

import time
from operator import neg

import pytest

from models.research.lib.process_pool import process_pool

LONG_S = 60.0


def interrupted() -> None:
    with process_pool(1) as pool:
        assert pool.submit(neg, 1).result() == -1
        started = pool.submit(time.sleep, LONG_S)
        pool.submit(time.sleep, LONG_S)
        while not started.running():
            time.sleep(0.01)
        raise KeyboardInterrupt


def test_an_interruption_waits_for_nothing_that_runs_or_is_queued() -> None:
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - began < LONG_S


def test_what_is_queued_is_done_where_nothing_fails() -> None:
    with process_pool(1) as pool:
        jobs = [pool.submit(neg, number) for number in range(3)]
    assert [job.result() for job in jobs] == [0, -1, -2]
