"""Commands with actions below them: `faust -A streams.app labels add --help`.

Faust registers every command at the top level of its command line; here an action is moved below
its group, where click gives it its own usage and help.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import click
from faust.cli.base import cli

from streams.commands.error_lines import one_line_errors

if TYPE_CHECKING:
    from streams.engine.app import EgoLogApp

Action = Callable[..., Awaitable[None]]


class OneLineUsageError(click.ClickException):
    """An invalid command line; printed as one line, like every other error."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Print the line, by default on standard error."""
        click.echo(f"error: {self.message}", file=file, err=file is None)


class ActionGroup(click.Group):
    """A group of actions on `app`; an unknown action is a one-line error with the known ones.

    With a `default`, arguments without an action are those of the default; with `bare` it is also
    run without arguments.
    """

    def __init__(
        self,
        app: EgoLogApp,
        name: str,
        help: str,
        default: str | None = None,
        *,
        bare: bool = False,
    ) -> None:
        super().__init__(name, help=help, no_args_is_help=not bare)
        self._app = app
        self._default = default
        self._bare = bare
        cli.add_command(self)

    def action(self, name: str, *parameters: Any) -> Callable[[Action], Action]:
        """Decorate a coroutine function as the action `name` with these click parameters."""

        def register(function: Action) -> Action:
            command: click.Command = self._app.command(*parameters)(
                one_line_errors(function)
            )._click
            del cli.commands[command.name or ""]
            command.name = name
            self.add_command(command)
            return function

        return register

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Insert the default action before arguments or options that name no action."""
        named = args and args[0] in (*self.commands, "--help")
        if self._default is not None and not named and (args or self._bare):
            args = [self._default, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the actions in the order in which they were defined."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the action in the first argument; raises `OneLineUsageError`."""
        if self.get_command(ctx, args[0]) is None:
            *others, last = self.commands
            raise OneLineUsageError(
                f"action {args[0]!r} is unknown: expected {', '.join(others)} or {last}"
            )
        return super().resolve_command(ctx, args)
