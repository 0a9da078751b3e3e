"""Creates the topics that are missing."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from aiokafka.admin import NewTopic
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)

from infra.broker.admin import admin_client
from infra.broker.broker_topics import CREATE_COMMAND, HIDDEN, check_counts, described
from infra.errors import TopicsError
from infra.topics import used_topics

if TYPE_CHECKING:
    from collections.abc import Collection

    from aiokafka.admin import AIOKafkaAdminClient

    from infra.settings import Settings
    from infra.topics import Topic

log = logging.getLogger(__name__)

_READY_TIMEOUT_S = 60.0


async def create(settings: Settings, needed: Collection[str] | None = None) -> list[str]:
    """Create the missing topics and return their names.

    needed: names without prefix; the other topics may be hidden from this login. Raises
    `TopicsError` if one cannot be created, is hidden or has another number of partitions, and
    `BrokerError` if no broker answers.
    """
    async with admin_client(settings) as admin:
        counts = await described(admin, settings)
        missing = [
            topic for topic in used_topics(settings) if counts[settings.topic(topic.name)] is None
        ]
        if missing:
            await _create(admin, missing, settings)
            counts = await _until_all_exist(admin, settings)
    if needed is not None:
        names = {settings.topic(name) for name in needed}
        counts = {n: count for n, count in counts.items() if n in names or count != HIDDEN}
    check_counts(counts, settings)
    return [settings.topic(topic.name) for topic in missing]


async def _create(admin: AIOKafkaAdminClient, topics: list[Topic], settings: Settings) -> None:
    reply = await admin.create_topics(
        [
            NewTopic(
                settings.topic(topic.name),
                settings.topic_partitions,
                settings.topic_replicas,
                topic_configs=topic.config(settings.raw_retention_s, settings.topic_replicas),
            )
            for topic in topics
        ]
    )
    for name, code, *detail in reply.topic_errors:
        error = for_code(code)
        if error in (TopicAuthorizationFailedError, ClusterAuthorizationFailedError):
            raise TopicsError(
                f"topic {name} is missing, and this login may not create it: let the operator "
                f"run `{CREATE_COMMAND}`"
            )
        # Another worker may have created it at the same moment.
        if code and error is not TopicAlreadyExistsError:
            reason = next((text for text in detail if text), error.description)
            raise TopicsError(f"topic {name} cannot be created: {reason}")
        log.info('topic="%s" partitions="%s" created', name, settings.topic_partitions)


async def _until_all_exist(admin: AIOKafkaAdminClient, settings: Settings) -> dict[str, int | None]:
    # The creation is acknowledged before every broker's metadata shows the topic.
    deadline = asyncio.get_running_loop().time() + _READY_TIMEOUT_S
    while True:
        counts = await described(admin, settings)
        if None not in counts.values() or asyncio.get_running_loop().time() > deadline:
            return counts
        await asyncio.sleep(0.05)
