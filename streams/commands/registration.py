"""Adds the commands to the app; importing them takes a tenth of a worker's start."""

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
    status,
)
from streams.engine.app import EgoLogApp


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
    status.register(app)
