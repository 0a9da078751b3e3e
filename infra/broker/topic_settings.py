"""The broker's configuration of our topics, as far as another one loses messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import IncompatibleBrokerVersion

from infra.broker.admin import admin_client
from infra.topics import RAW, used_topics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.settings import Settings
    from infra.topics import Topic

_FOREVER_MS = -1


async def losing(settings: Settings) -> list[str]:
    """Return a line for each setting of a topic by which messages are lost or refused.

    Topics that are missing, or whose configuration this login may not see, are left out, as are
    those of a broker that has none. Raises `BrokerError`.
    """
    by_name = {settings.topic(topic.name): topic for topic in used_topics(settings)}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in by_name]
    lines = []
    async with admin_client(settings) as admin:
        try:
            replies = await admin.describe_configs(resources)
        except (IncompatibleBrokerVersion, KeyError):
            # The embedded broker does not store topic configuration.
            return []
    for reply in replies:
        for code, _, _, name, entries in reply.resources:
            if not code and name in by_name:
                actual = {entry[0]: str(entry[1]) for entry in entries}
                wanted = by_name[name].config(settings.raw_retention_s)
                lines += losing_settings(name, by_name[name], wanted, actual)
    return lines


def losing_settings(
    name: str, topic: Topic, wanted: Mapping[str, str], actual: Mapping[str, str]
) -> list[str]:
    """Return a line for each setting of a topic, whose `name` at the broker it is, that loses."""
    lines = []

    def expect(key: str, why: str, expected: str) -> None:
        lines.append(f"topic {name} has {key}={actual[key]}: expected {expected}, or {why}")

    policy = "cleanup.policy"
    if actual.get(policy, wanted[policy]) != wanted[policy]:
        why = (
            "older decisions are forgotten"
            if topic.compacted
            else "of each device only the newest message is kept"
        )
        expect(policy, why, wanted[policy])
    if not topic.compacted and _less(actual, wanted, "retention.ms"):
        why = "what workers have not read by then is lost"
        if topic.name not in RAW:
            why += ", and `log rebuild` has less to read"
        expect("retention.ms", why, f"{wanted['retention.ms']} or more")
    if _less(actual, wanted, "max.message.bytes"):
        expect(
            "max.message.bytes",
            "larger messages are refused",
            f"{wanted['max.message.bytes']} or more",
        )
    stamps = "message.timestamp.type"
    if not topic.compacted and actual.get(stamps, wanted[stamps]) != wanted[stamps]:
        expect(stamps, "what was recorded long ago is deleted as it arrives", wanted[stamps])
    return lines


def _less(actual: Mapping[str, str], wanted: Mapping[str, str], key: str) -> bool:
    value = int(actual.get(key, wanted[key]))
    return value != _FOREVER_MS and value < int(wanted[key])
