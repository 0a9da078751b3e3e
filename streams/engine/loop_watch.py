"""For how long the event loop's thread computes before it turns to what else has become due.

While it does, no frame is read, no heartbeat answered and no page served. A machine that is too
busy to run the thread delays it too; that is the machine's, so only what the thread itself computed
counts.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from infra import metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PERIOD_S = 0.02
# Fifty looks a second cost a hundredth of a core: a third of what a worker at rest computes.
RESTING_PERIOD_S = 0.1
_RESTING_SHARE = 0.1


class LoopWatch:
    """Looks at the loop it runs in, again and again, for `metrics.loop_blocked_seconds`.

    A loop that computed for less than a tenth of the time is looked at less often. `note_late_s` is
    told how late each look was, whoever it was that held it up.
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
        """Look until cancelled."""
        while True:
            metrics.loop_blocked_seconds.observe(await self.look())

    async def look(self) -> float:
        """Sleep for one period, and return for how long it was blocked at its end, s."""
        before_s = self._computed_before_s
        if before_s is None:
            before_s = self._computed_s()
        due_s = self._clock_s() + self._period_s
        await self._sleep(self._period_s)
        late_s = self._clock_s() - due_s
        self._note_late_s(late_s)
        self._computed_before_s = self._computed_s()
        computed_s = self._computed_before_s - before_s
        rests = computed_s < _RESTING_SHARE * (self._period_s + late_s)
        self._period_s = RESTING_PERIOD_S if rests else PERIOD_S
        # What was computed before the look was due blocked nobody, and is less than a period.
        return max(0.0, min(late_s, computed_s))
