"""Commands that end with their work, or say that they were stopped before it was done."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any, ClassVar

from faust.cli.base import AppCommand

from streams.engine.prompt_end import PromptEnd

if TYPE_CHECKING:
    import asyncio

    from mode.services import ServiceT

_BY_SIGNAL = 128
"""What a shell adds to the number of the signal that ended a program."""


class CommandWorker(PromptEnd):
    """Runs one command, whose work is not done if a signal ends it.

    `until_stopped`: a signal is how the command ends, and its status is 0.
    """

    until_stopped = False
    _stopped_by: signal.Signals | None = None

    def _on_sigint(self) -> None:
        # Faust's own line for Ctrl-C is "-INT-", six times.
        self._stopped_by = signal.SIGINT
        self._schedule_shutdown(signal.SIGINT)

    def _on_sigterm(self) -> None:
        self._stopped_by = signal.SIGTERM
        super()._on_sigterm()

    def execute_from_commandline(self) -> None:
        """Run to the end; the exit status is 130 after Ctrl-C, and 143 after SIGTERM."""
        try:
            super().execute_from_commandline()
        except SystemExit:
            if self._stopped_by is None or self.until_stopped:
                raise
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

    def as_service(self, loop: asyncio.AbstractEventLoop, *args: Any, **options: Any) -> ServiceT:
        """Return the command's work as a service."""
        # `replay --repeat`, and `finetune` without --once.
        self._until_stopped = bool(options.get("endless")) or not options.get("once", True)
        service: ServiceT = super().as_service(loop, *args, **options)
        return service

    def on_worker_created(self, worker: CommandWorker) -> None:
        """Tell the worker whether only a signal ends this command."""
        worker.until_stopped = self._until_stopped
