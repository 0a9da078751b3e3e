"""Workers that end as soon as their work has ended.

Before it closes its event loop, a worker of Faust waits a second, whatever is open. Each command
runs in a worker of its own, so that second would follow its last line.
"""

from __future__ import annotations

import asyncio

import mode

_LAST_STEPS_S = 0.02
"""What closed transports still have to do takes a few steps of the event loop."""


class PromptEnd(mode.Worker):
    """Closes its event loop once all tasks have ended."""

    async def _sentinel_task(self) -> None:
        await asyncio.sleep(_LAST_STEPS_S)
