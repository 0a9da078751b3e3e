"""Commands that end with their work, or say that they were stopped before it was done.

A signal stops a command by its event loop. Where reading or writing files keeps the loop, the
signal is raised there: what is half written is deleted on the way, and the loop has its turn.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from faust.cli.base import AppCommand

from streams.engine.prompt_end import PromptEnd

if TYPE_CHECKING:
    from mode.services import ServiceT

_BY_SIGNAL = 128
"""What a shell adds to the number of the signal that ended a program."""

_LOOP_HAS_TURN_S = 0.3
"""How long a signal waits for the loop before it is raised in what keeps the loop."""


class BlockingWorkInterrupted(KeyboardInterrupt):
    """A signal came while a command's work kept the event loop."""


class CommandWorker(PromptEnd):
    """Runs one command, whose work is not done if a signal ends it.

    `until_stopped`: a signal is how the command ends, and its status is 0.
    """

    until_stopped = False
    _stopped_by: signal.Signals | None = None

    def _install_signal_handlers_unix(self) -> None:
        super()._install_signal_handlers_unix()
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(each) is signal.SIG_IGN:
                continue
            # The loop is told all the same, by its wakeup descriptor.
            signal.signal(each, _raise_unless_loop_has_turn)
            signal.siginterrupt(each, False)
        signal.signal(signal.SIGALRM, _raise)

    def _on_sigint(self) -> None:
        # Faust's own line for Ctrl-C is "-INT-", six times.
        self._stop(signal.SIGINT)

    def _on_sigterm(self) -> None:
        self._stop(signal.SIGTERM)

    def _on_sighup(self) -> None:
        self._stop(signal.SIGHUP)

    def _stop(self, by: signal.Signals) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._stopped_by = by
        self._schedule_shutdown(by)

    def execute_from_commandline(self) -> None:
        """Run to the end; the status is 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP."""
        try:
            super().execute_from_commandline()
        except (SystemExit, BlockingWorkInterrupted) as ended:
            # Blocking work in a task of the command's own is raised here.
            if self._stopped_by is None or self.until_stopped:
                raise SystemExit(getattr(ended, "code", 0)) from None
            with suppress(OSError):
                # The terminal may be gone.
                print("interrupted", file=self.stderr, flush=True)
            raise SystemExit(_BY_SIGNAL + self._stopped_by) from None


class PromptCommand(AppCommand):
    """A command of the app that runs in a `CommandWorker`."""

    # Faust makes no command of a class that says so, but of each of its subclasses.
    abstract: ClassVar[bool] = True
    _until_stopped = False

    @property
    def _Worker(self) -> type[CommandWorker]:
        return CommandWorker

    async def execute(self, *args: Any, **options: Any) -> None:
        """Run the command, to its end or until a signal stops it."""
        try:
            await super().execute(*args, **options)
        except BlockingWorkInterrupted:
            # The loop has its turn, and stops this as it stops a command that waits.
            await asyncio.Event().wait()

    def as_service(self, loop: asyncio.AbstractEventLoop, *args: Any, **options: Any) -> ServiceT:
        """Return the command's work as a service."""
        # `replay --repeat`, and `finetune` without --once.
        self._until_stopped = bool(options.get("endless")) or not options.get("once", True)
        service: ServiceT = super().as_service(loop, *args, **options)
        return service

    def on_worker_created(self, worker: CommandWorker) -> None:
        """Tell the worker whether only a signal ends this command."""
        worker.until_stopped = self._until_stopped


def _raise_unless_loop_has_turn(*_: object) -> None:
    signal.setitimer(signal.ITIMER_REAL, _LOOP_HAS_TURN_S)


def _raise(*_: object) -> None:
    raise BlockingWorkInterrupted
