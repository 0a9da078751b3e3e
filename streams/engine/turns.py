"""Who may use the inference pool next: short work before long."""

from __future__ import annotations

import asyncio
from enum import IntEnum
from heapq import heappop, heappush


class Urgency(IntEnum):
    """How soon work has its turn; `LONG` work never has all turns at once, where there are two."""

    FIRST = 0
    NEXT = 1
    LONG = 2


class Turns:
    """At most `count` pieces of work at once; of those that wait, the most urgent is next.

    Work in the pool cannot be put off any more, so what is long leaves one turn to the rest: all
    thirty-second windows of wearers with one clock close at the same moment, and their activities
    must not wait for all of them.
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
        """Give a turn back."""
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
