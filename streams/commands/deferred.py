"""Commands whose modules are imported once one of them is asked for: a worker needs none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from faust.cli.base import cli

if TYPE_CHECKING:
    from streams.engine.app import EgoLogApp

NAMES = (
    "dead-letters",
    "devices",
    "example",
    "finetune",
    "import",
    "labels",
    "log",
    "models",
    "notifications",
    "replay",
    "settings",
    "simulate",
    "status",
    "topics",
)
"""The commands that `registration.register` adds to Faust's own."""


def defer(app: EgoLogApp) -> None:
    """Put the names of the commands on Faust's command line."""
    for name in NAMES:
        cli.add_command(DeferredCommand(app, name))


class DeferredCommand(click.Command):
    """Stands for a command until it is run or its help is read, which adds all of them."""

    def __init__(self, app: EgoLogApp, name: str) -> None:
        super().__init__(name)
        self._app = app

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Return the context of the command itself."""
        return self._command().make_context(info_name, args, parent, **extra)

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the command's own line in the list of commands."""
        return self._command().get_short_help_str(limit)

    def _command(self) -> click.Command:
        name = self.name or ""
        if cli.commands[name] is self:
            # A worker starts without these imports.
            from streams.commands.registration import register

            register(self._app)
        command: click.Command = cli.commands[name]
        return command
