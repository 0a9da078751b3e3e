"""How long the broker keeps sound and motion: the retention set, applied to their topics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    IncompatibleBrokerVersion,
    TopicAuthorizationFailedError,
    for_code,
)

from infra.broker.admin import admin_client
from infra.broker.denials import denies
from infra.errors import TopicsError
from infra.topics import RAW, TOPICS

if TYPE_CHECKING:
    from aiokafka.admin import AIOKafkaAdminClient

    from infra.settings import Settings
    from infra.topics import Topic

# DescribeConfigs' source of a value that is set on the topic itself.
_SET_ON_TOPIC = 1


async def align_raw(settings: Settings) -> list[str]:
    """Apply the retention from the settings to the raw topics; return those that changed.

    Other configuration of these topics stays. Raises `TopicsError` if it is refused, and
    `BrokerError`.
    """
    async with admin_client(settings) as admin:
        return [
            settings.topic(topic.name)
            for topic in TOPICS
            if topic.name in RAW and await _align(admin, settings, topic)
        ]


async def _align(admin: AIOKafkaAdminClient, settings: Settings, topic: Topic) -> bool:
    config = topic.config(settings.raw_retention_s)
    wanted = {name: config[name] for name in ("retention.ms", "segment.ms")}
    name = settings.topic(topic.name)
    try:
        replies = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
        [resource] = [resource for reply in replies for resource in reply.resources]
        if for_code(resource[0]) is TopicAuthorizationFailedError:
            raise TopicsError(_denied(settings, "DescribeConfigs", name))
        entries = {entry[0]: entry for entry in resource[4]}
        if all(entries[key][1] == value for key, value in wanted.items()):
            return False
        own = {key: entry[1] for key, entry in entries.items() if entry[3] == _SET_ON_TOPIC}
        answers = await admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, name, {**own, **wanted})]
        )
        for code, text, *_ in (each for answer in answers for each in answer.resources):
            if for_code(code) is TopicAuthorizationFailedError:
                raise TopicsError(_denied(settings, "AlterConfigs", name))
            if code:
                reason = text or for_code(code).description
                raise TopicsError(f"topic {name} cannot be configured: {reason}")
    except (IncompatibleBrokerVersion, KeyError):
        # The embedded broker does not store topic configuration.
        return False
    return True


def _denied(settings: Settings, operation: str, name: str) -> str:
    return f"retention of topic {name} cannot be set: {denies(settings, f'{operation} on it')}"
