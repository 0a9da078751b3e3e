from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import pytest

from infra import metrics
from streams.engine.loop_watch import PERIOD_S, RESTING_PERIOD_S, LoopWatch


class Machine:
    """A clock, and a thread's CPU clock, that go on by what a sleep is said to take."""

    def __init__(self, late_s: float, computed_s: float) -> None:
        self.now_s = self.used_s = 100.0
        self._late_s = late_s
        self._computed_s = computed_s

    async def sleep(self, period_s: float) -> None:
        self.now_s += period_s + self._late_s
        self.used_s += self._computed_s

    def watch(self) -> LoopWatch:
        return LoopWatch(lambda: self.now_s, lambda: self.used_s, self.sleep)


async def test_a_loop_that_computes_past_the_end_of_a_sleep_is_blocked_for_the_rest() -> None:
    assert await Machine(late_s=0.06, computed_s=0.07).watch().look() == pytest.approx(0.06)


async def test_a_machine_that_does_not_run_the_thread_does_not_count() -> None:
    assert await Machine(late_s=0.5, computed_s=0.004).watch().look() == pytest.approx(0.004)


async def test_how_late_a_look_was_is_noted_whoever_held_it_up() -> None:
    machine, late_s = Machine(late_s=0.5, computed_s=0.004), list[float]()
    await LoopWatch(
        lambda: machine.now_s, lambda: machine.used_s, machine.sleep, note_late_s=late_s.append
    ).look()
    assert late_s == [pytest.approx(0.5)]


async def test_a_busy_loop_that_is_on_time_is_not_blocked() -> None:
    assert await Machine(late_s=0.0, computed_s=PERIOD_S).watch().look() == 0.0


async def test_what_was_computed_between_two_looks_counts_for_the_later_one() -> None:
    machine = Machine(late_s=0.05, computed_s=0.01)
    watch = machine.watch()
    await watch.look()
    machine.used_s += 0.02
    assert await watch.look() == pytest.approx(0.03)


async def test_a_loop_at_rest_is_looked_at_less_often_until_it_computes_again() -> None:
    machine, periods_s = Machine(late_s=0.0, computed_s=0.0), list[float]()

    async def sleep(period_s: float) -> None:
        periods_s.append(period_s)
        await machine.sleep(period_s)

    watch = LoopWatch(lambda: machine.now_s, lambda: machine.used_s, sleep)
    await watch.look()
    await watch.look()
    machine.used_s += 0.05
    await watch.look()
    await watch.look()
    assert periods_s == [PERIOD_S, RESTING_PERIOD_S, RESTING_PERIOD_S, PERIOD_S]


async def test_a_callback_that_computes_is_seen_and_exported() -> None:
    def blocked() -> float:
        [metric] = metrics.loop_blocked_seconds.collect()
        return sum(sample.value for sample in metric.samples if sample.name.endswith("_sum"))

    before, watching = blocked(), asyncio.create_task(LoopWatch().run())
    await asyncio.sleep(0)
    began = time.thread_time()
    while time.thread_time() - began < 0.2:
        pass
    await asyncio.sleep(0)
    await asyncio.sleep(PERIOD_S)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    # All of it but the period in which it was not due yet.
    assert blocked() - before >= 0.2 - PERIOD_S - 0.01
