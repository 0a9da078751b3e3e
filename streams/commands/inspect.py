"""`topics`, `settings`, `log` and `dead-letters`: inspect a pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from faust.cli import argument, option

from infra import topics
from infra.daily_log.export import to_csv, to_json
from infra.daily_log.store import LogStore
from infra.redis_store import connect
from infra.topic_reader import read_letters
from streams.commands.common import one_line_errors, running, table

if TYPE_CHECKING:
    from streams.engine.app import EgoLogApp

_ALL_TIME = (0, 2**62)


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
                "compacted" if topic.compacted else f"{topic.retention_s // topics.DAY_S} d",
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

    @app.command(
        argument("device"),
        option(
            "--format",
            "format_",
            type=click.Choice(["csv", "json"]),
            default="csv",
            help="Output format.",
        ),
    )
    @one_line_errors
    async def log_command(device: str, format_: str) -> None:
        """Print the daily log of a device."""
        settings = running(app.settings, "redis_url")
        redis = await connect(settings)
        store = LogStore(redis, settings.app_id, settings.log_retention_days)
        log = await store.read(device, *_ALL_TIME)
        print(to_json(log) if format_ == "json" else to_csv(log), end="")
        await redis.aclose()

    @app.command()
    @one_line_errors
    async def dead_letters_command() -> None:
        """List dead letters with their reasons."""
        rows = [
            (f"{letter.topic}[{letter.partition}]@{letter.offset}", letter.reason, letter.error)
            for letter in await read_letters(running(app.settings, "broker_url"))
        ]
        table(("message", "reason", "error"), rows)
