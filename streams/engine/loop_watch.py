"""Measures for how long computation blocks the event loop.

While it is blocked, no frame is read, no heartbeat sent and no page served. Only CPU time of the
loop's own thread counts: a busy machine delays the loop too, but not through the worker's fault.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from infra import metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PERIOD_S = 0.02
# Fifty measurements a second cost one percent of a core, a third of what an idle worker uses.
RESTING_PERIOD_S = 0.1
_RESTING_SHARE = 0.1


class LoopWatch:
    """Measures the loop it runs in periodically, for `metrics.loop_blocked_seconds`.

    A loop that was idle for more than nine tenths of the time is measured less often. `note_late_s`
    gets the delay of each measurement, whatever caused it.
    """

    def __init__(
        self,
        clock_s: Callable[[], float] = time.monotonic,
        computed_s: Callable[[], float] = time.thread_time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        *,
        note_late_s: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._clock_s = clock_s
        self._computed_s = computed_s
        self._sleep = sleep
        self._note_late_s = note_late_s
        self._computed_before_s: float | None = None
        self._period_s = PERIOD_S

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            metrics.loop_blocked_seconds.observe(await self.look())

    async def look(self) -> float:
        """Sleep for one period, and return for how long the loop was blocked at its end, s."""
        before_s = self._computed_before_s
        if before_s is None:
            before_s = self._computed_s()
        due_s = self._clock_s() + self._period_s
        await self._sleep(self._period_s)
        late_s = self._clock_s() - due_s
        self._note_late_s(late_s)
        self._computed_before_s = self._computed_s()
        computed_s = self._computed_before_s - before_s
        is_resting = computed_s < _RESTING_SHARE * (self._period_s + late_s)
        self._period_s = RESTING_PERIOD_S if is_resting else PERIOD_S
        # Computation before the measurement was due did not delay it, hence the minimum.
        return max(0.0, min(late_s, computed_s))
