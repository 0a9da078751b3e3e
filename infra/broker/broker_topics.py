"""The topics as the broker has them: their numbers of partitions, compared with the settings."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from aiokafka.errors import TopicAuthorizationFailedError, for_code
from aiokafka.protocol.metadata import MetadataRequest

from infra.broker.admin import admin_client
from infra.broker.denials import hidden
from infra.errors import TopicsError
from infra.settings import env_name
from infra.topics import used_topics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from aiokafka.admin import AIOKafkaAdminClient

    from infra.settings import Settings

CREATE_COMMAND = "faust -A streams.app topics --create"
HIDDEN = 0
"""The number of partitions of a topic that this login may not see, whether it is there or not."""


async def require(settings: Settings, name: str) -> None:
    """Raise `TopicsError` unless a topic is there, seen by this login and as large as set.

    name: without prefix. Raises `BrokerError` if no broker answers.
    """
    async with admin_client(settings) as admin:
        check_counts(await described(admin, settings, [settings.topic(name)]), settings)


async def describe(settings: Settings) -> dict[str, int | None]:
    """Return each topic's number of partitions by the broker's name.

    It is None for a missing topic, and `HIDDEN` for one that this login may not see.
    """
    async with descriptions(settings) as one:
        return await one()


@asynccontextmanager
async def descriptions(
    settings: Settings,
) -> AsyncIterator[Callable[[], Awaitable[dict[str, int | None]]]]:
    """Give a `describe` that reuses one connection, for polling.

    Raises `BrokerError` if the connection fails.
    """
    async with admin_client(settings) as admin:
        yield partial(described, admin, settings)


def check(counts: Mapping[str, int | None], settings: Settings) -> None:
    """Raise `TopicsError` for the first topic of the table that is missing, hidden or differs."""
    names = (settings.topic(topic.name) for topic in used_topics(settings))
    check_counts({name: counts.get(name) for name in names}, settings)


def number_of_partitions(name: str, described: int | None, settings: Settings) -> int:
    """Return the number of partitions of a topic as in `describe`.

    Raises `TopicsError` if the topic is missing or hidden from this login.
    """
    if described is None:
        raise TopicsError(f"topic {name} is missing: create it with `{CREATE_COMMAND}`")
    if described == HIDDEN:
        raise TopicsError(f"topic {name} is {hidden(settings)}")
    return described


def check_counts(counts: Mapping[str, int | None], settings: Settings) -> None:
    """Raise `TopicsError` for the first of these topics that is missing, hidden or differs."""
    want = settings.topic_partitions
    for name, described in counts.items():
        count = number_of_partitions(name, described, settings)
        if count != want:
            grow = f", or let all topics grow with `topics --grow {want}`" if count < want else ""
            raise TopicsError(
                f"topic {name} has {count} partitions, but {env_name('topic_partitions')} is "
                f"{want}: set it to {count}{grow}"
            )


def refused_as_too_large(settings: Settings) -> TopicsError:
    """Return the error of a broker that takes smaller messages than ours may be."""
    needed = max(topic.max_message_bytes for topic in used_topics(settings))
    return TopicsError(
        f"broker at {settings.broker_url} refuses a message as too large: set max.message.bytes "
        f"of each topic to {needed} or more, as `{CREATE_COMMAND}` makes them"
    )


async def described(
    admin: AIOKafkaAdminClient, settings: Settings, names: list[str] | None = None
) -> dict[str, int | None]:
    """Return what `describe` does, of the topics of these names (with prefix), by default all."""
    names = names or [settings.topic(topic.name) for topic in used_topics(settings)]
    # Only our topics: a shared cluster may have thousands. aiokafka's public `describe_topics`
    # would create missing topics on some brokers.
    request = MetadataRequest(names, allow_auto_topic_creation=False)
    response = await admin._send_request(request)
    # A missing topic is listed with an error and without partitions.
    counts = {
        name: HIDDEN if for_code(code) is TopicAuthorizationFailedError else len(partitions) or None
        for code, name, *_, partitions in response.topics
    }
    return {name: counts.get(name) for name in names}
