"""`topics` and `settings`: inspect a pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from faust.cli import option

from infra import topics
from infra.broker import (
    acls,
    broker_topics,
    raw_topic_retention,
    topic_creation,
    topic_growth,
    topic_settings,
)
from infra.broker.denials import hidden
from infra.errors import SettingsError
from streams.commands.error_lines import one_line_errors
from streams.commands.running_services import running
from streams.commands.tables import table

if TYPE_CHECKING:
    from infra.settings import Settings
    from streams.engine.app import EgoLogApp


def register(app: EgoLogApp) -> None:
    """Add the commands to the app."""

    @app.command(
        option("--create/--no-create", default=False, help="Create missing topics."),
        option(
            "--grow",
            type=click.IntRange(1, 1_000),
            metavar="N",
            help="Grow all topics to N partitions; workers must be stopped, all messages read.",
        ),
        option("--force", is_flag=True, help="Grow even if messages are unprocessed."),
        option(
            "--acls", is_flag=True, help="Print the access rules, as commands of kafka-acls.sh."
        ),
        option("--apply", is_flag=True, help="With --acls: add the rules on the broker instead."),
        option(
            "--principal",
            "named",
            metavar="ROLE=NAME",
            multiple=True,
            help=f"A role's principal, of {', '.join(acls.ROLES)} (default APP_ID-ROLE).",
        ),
    )
    @one_line_errors
    async def topics_command(create: bool, grow: int | None, force: bool, **options: Any) -> None:
        """List topics, create or grow them, or print the access rules."""
        _require_sense(create=create, grow=grow, force=force, **options)
        if options["acls"]:
            await _acls_command(app.settings, options["named"], apply=options["apply"])
            return
        settings = running(app.settings, "broker_url")
        if grow is not None:
            growth = await topic_growth.grow(settings, grow, force=force)
            for line in _growth_lines(growth, settings.topic_partitions, grow):
                print(line)
            settings = settings.model_copy(update={"topic_partitions": grow})
        if create:
            for name in await topic_creation.create(settings):
                print(f"created {name}")
            for name in await raw_topic_retention.align_raw(settings):
                print(f"set the retention of {name}")
        await _print_topics(settings)
        for line in await topic_settings.losing(settings):
            print(f"warning: {line}")

    @app.command()
    @one_line_errors
    async def settings_command() -> None:
        """List settings with their values."""
        rows = [(row.name, row.value, row.description) for row in app.settings.rows()]
        table(("setting", "value", "meaning"), rows)


def _require_sense(
    *, create: bool, grow: int | None, force: bool, acls: bool, apply: bool, named: tuple[str, ...]
) -> None:
    """Raise `SettingsError` for an option that would be ignored beside the others."""
    if not acls and (apply or named):
        ignored = "--apply" if apply else "--principal"
        raise SettingsError(f"{ignored} has no effect alone: expected it beside --acls")
    if force and grow is None:
        raise SettingsError("--force has no effect alone: expected it beside --grow")
    if acls and (create or grow is not None):
        ignored = "--create" if create else "--grow"
        raise SettingsError(f"{ignored} has no effect beside --acls: expected two commands")


async def _print_topics(settings: Settings) -> None:
    partitions = await broker_topics.describe(settings)
    rows = [
        (
            settings.topic(topic.name),
            topic.value.__name__,
            _shown(partitions[settings.topic(topic.name)]),
            topic.kept_for,
        )
        for topic in topics.used_topics(settings)
    ]
    table(("topic", "value", "partitions", "retention"), rows)
    if broker_topics.HIDDEN in partitions.values():
        print(f"warning: topics are {hidden(settings)}")


def _shown(partitions: int | None) -> str:
    if partitions == broker_topics.HIDDEN:
        return "hidden"
    return "missing" if partitions is None else str(partitions)


async def _acls_command(settings: Settings, named: tuple[str, ...], *, apply: bool) -> None:
    """Print the rules, or add them on the broker."""
    who = acls.principals(settings, named)
    rules = acls.acls(settings, who)
    if not apply:
        for rule in rules:
            print(rule.command((settings.bootstrap_servers or ["BROKER:9092"])[0]))
        return
    await acls.apply(running(settings, "broker_url"), rules)
    table(("role", "principal"), list(who.items()))
    print(f"{len(rules)} rules are set; they hold where the broker has an authorizer")


def _growth_lines(growth: topic_growth.Growth, before: int, partitions: int) -> list[str]:
    """Return what changed for topics and keys, and the next steps."""
    lines = [f"grown to {partitions} partitions: {', '.join(growth.grown) or 'none was smaller'}"]
    if growth.grown:
        lines.append(
            f"of devices about 1 in {partitions / max(1, partitions - before):.1f} go to another "
            "partition with what they send next; what was sent before stays where it is"
        )
    if growth.keys:
        lines.append(f"{growth.keys} label(s) and decisions were written anew where they belong")
    if growth.unread:
        lines.append(f"{growth.unread} unread messages are processed apart from what follows them")
    return [*lines, f"set EGOLOG_TOPIC_PARTITIONS={partitions} for all workers and producers"]
