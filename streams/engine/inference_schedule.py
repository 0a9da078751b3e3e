"""Schedules the inference pool: urgent work first, and long work never on all threads."""

from __future__ import annotations

import asyncio
from enum import IntEnum
from heapq import heappop, heappush


class Urgency(IntEnum):
    """Priority of work; `LONG` work never takes all turns if there are two or more."""

    FIRST = 0
    NEXT = 1
    LONG = 2


class InferenceSchedule:
    """A semaphore of `count` turns that grants the most urgent waiter first.

    Work that has begun cannot be preempted, so long work leaves one turn to the rest: the
    thirty-second windows of wearers with synchronised clocks close at the same moment, and their
    activities must not wait for all of these.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._kept = min(count - 1, 1)
        self._waiting: list[tuple[Urgency, int, asyncio.Future[None]]] = []
        self._number = 0

    async def acquire(self, urgency: Urgency) -> None:
        """Wait for a turn."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (urgency, self._number, turn))
        self._number += 1
        self._grant()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self.release()
            raise

    def release(self) -> None:
        """Return a turn."""
        self._free += 1
        self._grant()

    def _grant(self) -> None:
        while self._waiting and self._free:
            urgency, _, turn = self._waiting[0]
            if not turn.done():
                if urgency is Urgency.LONG and self._free <= self._kept:
                    return
                self._free -= 1
                turn.set_result(None)
            heappop(self._waiting)
