"""The CPU time of idle subjects, which longer runs contain more of."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.subjects.running import Running

_IDLE_S = 5.0


async def idle_ms(running: Mapping[str, Running]) -> dict[str, float]:
    """Return each subject's CPU ms per second, measured over the same idle seconds."""
    before = {name: each.subject.cpu().total_s for name, each in running.items()}
    began = time.perf_counter()
    await asyncio.sleep(_IDLE_S)
    lasted_s = time.perf_counter() - began
    return {
        name: 1e3 * (each.subject.cpu().total_s - before[name]) / lasted_s
        for name, each in running.items()
    }
