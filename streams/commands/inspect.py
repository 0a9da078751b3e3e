"""`topics` and `settings`: inspect a pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faust.cli import option

from infra import topics
from streams.commands.common import one_line_errors, running, table

if TYPE_CHECKING:
    from streams.engine.app import EgoLogApp


def register(app: EgoLogApp) -> None:
    """Add the commands to the app."""

    @app.command(
        option("--create/--no-create", default=False, help="Create missing topics."),
    )
    @one_line_errors
    async def topics_command(create: bool) -> None:
        """List topics, or create missing ones."""
        settings = running(app.settings, "broker_url")
        if create:
            for name in await topics.create(settings):
                print(f"created {name}")
        partitions = await topics.describe(settings)
        rows = [
            (
                settings.topic(topic.name),
                topic.value.__name__,
                str(partitions[settings.topic(topic.name)] or "missing"),
                topic.kept_for,
            )
            for topic in topics.TOPICS
        ]
        table(("topic", "value", "partitions", "retention"), rows)

    @app.command()
    @one_line_errors
    async def settings_command() -> None:
        """List settings with their values."""
        rows = [(row.name, row.value, row.description) for row in app.settings.rows()]
        table(("setting", "value", "meaning"), rows)
