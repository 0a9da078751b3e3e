"""Faust commands on the app: `faust -A streams.app --help`."""

from streams.commands import (
    dead_letters,
    devices,
    example,
    finetune,
    import_,
    inspect,
    labels,
    log,
    models,
    notifications,
    replay,
)
from streams.engine.app import EgoLogApp

__all__ = ["register"]


def register(app: EgoLogApp) -> None:
    """Add every command to the app."""
    dead_letters.register(app)
    devices.register(app)
    example.register(app)
    finetune.register(app)
    import_.register(app)
    inspect.register(app)
    labels.register(app)
    log.register(app)
    models.register(app)
    notifications.register(app)
    replay.register(app)
