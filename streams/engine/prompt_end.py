"""Workers that end as soon as their work has ended, or their terminal is closed.

Before it closes its event loop, a worker of Faust waits a second, whatever is open. Each command
runs in a worker of its own, so that second would follow its last line.
"""

from __future__ import annotations

import asyncio
import signal

import mode

_LAST_STEPS_S = 0.02
"""What closed transports still have to do takes a few steps of the event loop."""


class PromptEnd(mode.Worker):
    """Closes its event loop once all tasks have ended; stops at SIGHUP as at SIGTERM."""

    def _install_signal_handlers_unix(self) -> None:
        super()._install_signal_handlers_unix()
        # What `nohup` started goes on without its terminal.
        if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
            self.loop.add_signal_handler(signal.SIGHUP, self._on_sighup)

    def _on_sighup(self) -> None:
        self._schedule_shutdown(signal.SIGHUP)

    async def _sentinel_task(self) -> None:
        await asyncio.sleep(_LAST_STEPS_S)
