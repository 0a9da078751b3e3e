"""A file by which a worker learns that the one before it was killed, and not stopped.

Kafka holds a group's rebalance until the session of a member that was killed has expired. A worker
that joins before gains nothing by it, and the others, who must join again too, stand still until
then; one that is killed again and again would never let them work.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from infra import clock
from schemas.frames import NS

if TYPE_CHECKING:
    from pathlib import Path

_EVERY_S = 0.5


class MemberMark:
    """The mark `path` of a worker that is a member of a group with sessions of `session_s`."""

    def __init__(self, path: Path, session_s: float) -> None:
        self.path = path
        self._session_s = session_s

    def remaining_s(self) -> float:
        """Return how long the session of a killed worker still lasts, at most, s; else 0."""
        try:
            last_ns = self.path.stat().st_mtime_ns
        except OSError:
            return 0.0
        past_s = (clock.now_ns() - last_ns) / NS
        # The clock may have been set back.
        return 0.0 if past_s < 0 else max(0.0, self._session_s - past_s)

    async def keep(self) -> None:
        """Renew the mark until cancelled; a full disk only costs the successor its wait."""
        while True:
            with suppress(OSError):
                await asyncio.to_thread(self.path.touch)
            await asyncio.sleep(_EVERY_S)

    def remove(self) -> None:
        """Remove the mark of a worker that has left its group."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
