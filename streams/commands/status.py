"""`status`: which workers there are, which partitions each has, and how far behind they are."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import click
from faust.cli import option

from infra import topics
from infra.broker import broker_topics, fleet
from infra.errors import InfraError, StoreError
from infra.redis.client import connect
from streams.commands.error_lines import one_line_errors
from streams.commands.running_services import running
from streams.commands.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.broker.fleet import Lag, Member
    from infra.settings import Settings
    from streams.engine.app import EgoLogApp

# A window of half a minute, and a device that sends a minute at once.
_BEHIND_S = 120


class FleetError(InfraError):
    """Something that the fleet lacks."""


@dataclass(frozen=True)
class Status:
    """The fleet at one moment. `lacks` says in one line each what is not as it should be."""

    group: str
    members: Sequence[Member]
    lags: Mapping[str, Lag]
    store: str
    lacks: Sequence[str]


def register(app: EgoLogApp) -> None:
    """Add the command to the app."""

    @app.command(
        option("--json", "as_json", is_flag=True, default=False, help="Print JSON."),
        option(
            "--behind",
            type=click.IntRange(1),
            metavar="SECONDS",
            default=_BEHIND_S,
            show_default=True,
            help="How long a message may wait until its windows are published.",
        ),
    )
    @one_line_errors
    async def status(as_json: bool, behind: int) -> None:
        """Show the workers, their partitions and what waits for them.

        The exit status is 1 if a partition has no worker, if a message has waited for too long or
        if the store does not answer.
        """
        found = await look(running(app.settings, "broker_url", "redis_url"), behind)
        print(json.dumps(asdict(found), indent=2)) if as_json else show(found)
        if found.lacks:
            raise FleetError("; ".join(found.lacks))


async def look(settings: Settings, behind_s: float) -> Status:
    """Return the fleet's status; raises `BrokerError` and, for topics, `TopicsError`."""
    counts = {
        name: broker_topics.number_of_partitions(name, count, settings)
        for name, count in (await broker_topics.describe(settings)).items()
    }
    group, members = await fleet.members(settings)
    lags = await fleet.lags(settings, counts)
    store = await _store(settings)
    read = {settings.topic(name): counts[settings.topic(name)] for name in topics.READ_BY_WORKERS}
    lacks = [
        *unassigned(group, members, read),
        *(
            f"topic {name} is behind by {each.waits_s:.0f} s, expected {behind_s:g} at most"
            for name, each in lags.items()
            if each.waits_s > behind_s
        ),
        *([] if store == REACHABLE else [store]),
    ]
    return Status(group, members, lags, store, lacks)


REACHABLE = "reachable"


async def _store(settings: Settings) -> str:
    try:
        async with await connect(settings):
            return REACHABLE
    except StoreError as error:
        return str(error)


def unassigned(group: str, members: Sequence[Member], read: Mapping[str, int]) -> list[str]:
    """Return a line for the partitions of read topics that no worker has, none if all are had."""
    if not members:
        return ["no worker runs"]
    if group != fleet.STABLE:
        return [f"the group rebalances ({group})"]
    told = [each.partitions for each in members if each.partitions is not None]
    if len(told) < len(members):
        return []
    had = {(name, number) for each in told for name, numbers in each.items() for number in numbers}
    lacking = [
        f"{name} {n}"
        for name, count in sorted(read.items())
        for n in range(count)
        if (name, n) not in had
    ]
    return [f"no worker has {', '.join(lacking)}"] if lacking else []


def show(found: Status) -> None:
    """Print tables."""
    rows = [(each.name, each.address, _numbers(each.partitions)) for each in found.members]
    table(("worker", "from", "partitions"), rows, empty="no worker runs")
    print()
    waiting = [
        (name, str(each.messages), f"{each.waits_s:.0f} s") for name, each in found.lags.items()
    ]
    table(("topic", "lag, messages", "the oldest waits"), waiting)
    print()
    print("store:", found.store)


def _numbers(partitions: Mapping[str, Sequence[int]] | None) -> str:
    """Return the partitions of all topics; those of each where they differ."""
    if partitions is None:
        return "not told by this broker"
    by_topic = {name: ", ".join(map(str, numbers)) for name, numbers in partitions.items()}
    if len({*by_topic.values()}) <= 1:
        return next(iter(by_topic.values()), "") or "none"
    return "; ".join(f"{name}: {numbers or 'none'}" for name, numbers in sorted(by_topic.items()))
