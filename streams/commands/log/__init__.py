"""`log`: print, search, compare, correct, delete and rebuild the daily log of a device."""

from streams.commands.groups import ActionGroup
from streams.commands.log import (
    archive,
    ask,
    comparison,
    corrections,
    deletion,
    rebuilding,
    search,
    show,
)
from streams.commands.log.span import LogCommandError
from streams.engine.app import EgoLogApp

__all__ = ["LogCommandError", "register"]


def register(app: EgoLogApp) -> None:
    """Add the actions to the app; `log DEVICE` is short for `log show DEVICE`."""
    group = ActionGroup(app, "log", "Manage the daily log of a device.", default="show")
    for actions in (show, search, ask, comparison, archive, corrections, deletion, rebuilding):
        actions.register(group, app)
