"""The log of a fleet once it stays as it is."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from bench.faults.log_comparison import Changes, Records, changes, log_of

if TYPE_CHECKING:
    from bench.load.messages import Fleet
    from infra.settings import Settings

# The log is complete once it stays so for this long, and incomplete once it stalls for longer.
_STAYS_S = 2.0
_PATIENCE_S = 90.0
_POLL_S = 0.2


async def settled_changes(calm: Records, settings: Settings, fleet: Fleet) -> Changes:
    """Wait until the log equals the calm run's and stays so, or stalls before that.

    Return how it differs from that of the calm run.
    """
    clock = asyncio.get_running_loop().time
    last, changed_at, equal_since = Changes((), (), ()), clock(), None
    while True:
        now = changes(calm, await log_of(settings, fleet))
        if now.count:
            equal_since = None
        elif equal_since is None:
            equal_since = clock()
        if now != last:
            last, changed_at = now, clock()
        if equal_since is not None and clock() - equal_since > _STAYS_S:
            return now
        if clock() - changed_at > _PATIENCE_S:
            return now
        await asyncio.sleep(_POLL_S)


async def settled_log(settings: Settings, fleet: Fleet) -> Records:
    """Return the log once there is one that stays as it is."""
    before, since = Records(), time.monotonic()
    while True:
        now = await log_of(settings, fleet)
        if now != before:
            before, since = now, time.monotonic()
        if now and time.monotonic() - since > 2 * _STAYS_S:
            return now
        await asyncio.sleep(_POLL_S)
