"""Commands that end with their work."""

from __future__ import annotations

from typing import ClassVar

from faust.cli.base import AppCommand

from streams.engine.prompt_end import PromptEnd


class PromptCommand(AppCommand):
    """A command of the app that runs in a worker with a `PromptEnd`."""

    # Faust makes no command of a class that says so, but of each of its subclasses.
    abstract: ClassVar[bool] = True

    @property
    def _Worker(self) -> type[PromptEnd]:
        return PromptEnd
