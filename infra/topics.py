"""The table of topics: creating them, and comparing the broker with it.

Every topic has `topic_partitions` partitions and is keyed by device id, so that one worker gets all
of a device's audio, motion and results. `labels` is keyed by label and `model.updates` by the
model's name; every worker reads all of both, and all of `device.control`. `corrections` is keyed by
the correction's id, in the partition of its device.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    IncompatibleBrokerVersion,
    KafkaError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)
from aiokafka.protocol.metadata import MetadataRequest

from infra.broker.access import ACLS_HINT, broker_error, client_arguments, require_broker
from infra.errors import TopicsError
from infra.settings import Settings, env_name
from schemas import (
    Activity,
    ActivityLabel,
    AudioFrame,
    Correction,
    DeadLetter,
    DeviceControl,
    FinetuneItem,
    ImuFrame,
    Message,
    ModelUpdate,
    Refined,
    Scenario,
    ScenarioEstimate,
    Spatial,
    Window,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping

log = logging.getLogger(__name__)

# Names without the prefix that `Settings.topic` puts before them.
AUDIO_FRAMES = "audio.frames"
IMU_FRAMES = "imu.frames"
WINDOWS = "windows"
SPATIAL = "spatial"
ACTIVITY = "activity"
SCENARIO_ESTIMATE = "scenario.estimate"
SCENARIO = "scenario"
SCENARIO_REFINED = "scenario.refined"
FINETUNE_QUEUE = "finetune.queue"
LABELS = "labels"
MODEL_UPDATES = "model.updates"
DEVICE_CONTROL = "device.control"
CORRECTIONS = "corrections"
DEAD_LETTER = "dead.letter"

DAY_S = 86_400
RAW = (AUDIO_FRAMES, IMU_FRAMES)
"""Raw data from devices, deleted once it was processed for the wearer's privacy."""
CREATE_COMMAND = "faust -A streams.app topics --create"
HIDDEN = 0
"""The number of partitions of a topic that this login may not see, whether it is there or not."""
# Key, headers and batch framing around a value; also room for a batch of many small values.
_BATCH_OVERHEAD_BYTES = 65_536
_MIN_BATCH_BYTES = 1_048_588
_READY_TIMEOUT_S = 60.0
# DescribeConfigs' source of a value that is set on the topic itself.
_SET_ON_TOPIC = 1


@dataclass(frozen=True)
class Topic:
    """One topic: its `name` without prefix, its message type and its retention.

    A compacted topic keeps the newest message of every key for good. A debug topic exists only with
    `Settings.debug_topics`.
    """

    name: str
    value: type[Message]
    retention_s: int = 7 * DAY_S
    compacted: bool = False
    debugging: bool = False

    @property
    def max_message_bytes(self) -> int:
        """The largest batch that the broker accepts, bytes."""
        return max(_MIN_BATCH_BYTES, self.value.MAX_BYTES + _BATCH_OVERHEAD_BYTES)

    @property
    def kept_for(self) -> str:
        """The retention as text."""
        if self.compacted:
            return "compacted"
        hours = self.retention_s // 3_600
        return f"{hours // 24} d" if hours % 24 == 0 else f"{hours} h"

    def config(self, raw_retention_s: int = DAY_S) -> dict[str, str]:
        """Return Kafka's topic configuration.

        Workers delete processed sound and motion after `raw_retention_s`; unprocessed data stays
        for at least a day.
        """
        retention_s = segment_s = self.retention_s
        if self.name in RAW:
            retention_s = max(self.retention_s, raw_retention_s)
            segment_s = raw_retention_s
        config = {
            "max.message.bytes": str(self.max_message_bytes),
            # Retention must count from a message's arrival: by event time, last month's recording
            # would be deleted on arrival and one dated tomorrow refused.
            "message.timestamp.type": "LogAppendTime",
        }
        if self.compacted:
            return {**config, "cleanup.policy": "compact"}
        return {
            **config,
            "cleanup.policy": "delete",
            "retention.ms": str(retention_s * 1_000),
            # Kafka deletes whole segments: longer ones would keep frames beyond their retention.
            "segment.ms": str(min(segment_s, DAY_S) * 1_000 // 4),
        }


TOPICS: tuple[Topic, ...] = (
    Topic(AUDIO_FRAMES, AudioFrame, retention_s=DAY_S),
    Topic(IMU_FRAMES, ImuFrame, retention_s=DAY_S),
    Topic(WINDOWS, Window, retention_s=DAY_S, debugging=True),
    Topic(SPATIAL, Spatial),
    Topic(ACTIVITY, Activity),
    Topic(SCENARIO_ESTIMATE, ScenarioEstimate, debugging=True),
    Topic(SCENARIO, Scenario),
    Topic(SCENARIO_REFINED, Refined),
    Topic(FINETUNE_QUEUE, FinetuneItem),
    Topic(LABELS, ActivityLabel, compacted=True),
    Topic(MODEL_UPDATES, ModelUpdate, compacted=True),
    Topic(DEVICE_CONTROL, DeviceControl, compacted=True),
    Topic(CORRECTIONS, Correction, compacted=True),
    Topic(DEAD_LETTER, DeadLetter),
)


# Topics that the workers' group consumes and commits.
READ_BY_WORKERS = frozenset(
    {
        AUDIO_FRAMES,
        IMU_FRAMES,
        ACTIVITY,
        SCENARIO,
        SCENARIO_REFINED,
    }
)


def used_topics(settings: Settings) -> tuple[Topic, ...]:
    """Return the topics that workers with these settings need."""
    return tuple(topic for topic in TOPICS if settings.debug_topics or not topic.debugging)


async def create(settings: Settings, needed: Collection[str] | None = None) -> list[str]:
    """Create the missing topics and return their names.

    needed: names without prefix; the other topics may be hidden from this login. Raises
    `TopicsError` if one cannot be created, is hidden or has another number of partitions, and
    `BrokerError` if no broker answers.
    """
    async with admin_client(settings) as admin:
        counts = await _describe(admin, settings)
        missing = [
            topic for topic in used_topics(settings) if counts[settings.topic(topic.name)] is None
        ]
        if missing:
            await _create(admin, missing, settings)
            counts = await _until_all_exist(admin, settings)
    if needed is not None:
        names = {settings.topic(name) for name in needed}
        counts = {n: count for n, count in counts.items() if n in names or count != HIDDEN}
    _check(counts, settings)
    return [settings.topic(topic.name) for topic in missing]


async def require(settings: Settings, name: str) -> None:
    """Raise `TopicsError` unless a topic is there, seen by this login and as large as set.

    name: without prefix. Raises `BrokerError` if no broker answers.
    """
    async with admin_client(settings) as admin:
        _check(await _describe(admin, settings, [settings.topic(name)]), settings)


async def align_raw(settings: Settings) -> list[str]:
    """Apply the retention from the settings to the raw topics; return those that changed.

    Other configuration of these topics stays. Raises `BrokerError`.
    """
    async with admin_client(settings) as admin:
        return [
            settings.topic(topic.name)
            for topic in TOPICS
            if topic.name in RAW and await _align(admin, settings, topic)
        ]


async def _align(admin: AIOKafkaAdminClient, settings: Settings, topic: Topic) -> bool:
    config = topic.config(settings.raw_retention_h * 3_600)
    wanted = {name: config[name] for name in ("retention.ms", "segment.ms")}
    name = settings.topic(topic.name)
    try:
        replies = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
        [resource] = [resource for reply in replies for resource in reply.resources]
        entries = {entry[0]: entry for entry in resource[4]}
        if all(entries[key][1] == value for key, value in wanted.items()):
            return False
        own = {key: entry[1] for key, entry in entries.items() if entry[3] == _SET_ON_TOPIC}
        answers = await admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, name, {**own, **wanted})]
        )
        for code, text, *_ in (each for answer in answers for each in answer.resources):
            if code:
                reason = text or for_code(code).description
                raise TopicsError(f"topic {name} cannot be configured: {reason}")
    except (IncompatibleBrokerVersion, KeyError):
        # The embedded broker does not store topic configuration.
        return False
    return True


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
        yield partial(_describe, admin, settings)


def check(counts: Mapping[str, int | None], settings: Settings) -> None:
    """Raise `TopicsError` for the first topic of the table that is missing, hidden or differs."""
    names = (settings.topic(topic.name) for topic in used_topics(settings))
    _check({name: counts.get(name) for name in names}, settings)


def number_of_partitions(name: str, described: int | None) -> int:
    """Return the number of partitions of a topic as in `describe`.

    Raises `TopicsError` if the topic is missing or hidden from this login.
    """
    if described is None:
        raise TopicsError(f"topic {name} is missing: create it with `{CREATE_COMMAND}`")
    if described == HIDDEN:
        raise TopicsError(f"topic {name} is hidden from this login: {ACLS_HINT}")
    return described


def _check(counts: Mapping[str, int | None], settings: Settings) -> None:
    want = settings.topic_partitions
    for name, described in counts.items():
        count = number_of_partitions(name, described)
        if count != want:
            grow = f", or let all topics grow with `topics --grow {want}`" if count < want else ""
            raise TopicsError(
                f"topic {name} has {count} partitions, but {env_name('topic_partitions')} is "
                f"{want}: set it to {count}{grow}"
            )


@asynccontextmanager
async def admin_client(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Give a connected client; raises `BrokerError` if a request fails."""
    await require_broker(settings)
    admin = AIOKafkaAdminClient(**client_arguments(settings))
    try:
        await admin.start()
        yield admin
    except KafkaError as error:
        raise broker_error(settings, error) from error
    finally:
        await admin.close()


async def _describe(
    admin: AIOKafkaAdminClient, settings: Settings, names: list[str] | None = None
) -> dict[str, int | None]:
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


async def _create(admin: AIOKafkaAdminClient, topics: list[Topic], settings: Settings) -> None:
    reply = await admin.create_topics(
        [
            NewTopic(
                settings.topic(topic.name),
                settings.topic_partitions,
                settings.topic_replicas,
                topic_configs=topic.config(settings.raw_retention_h * 3_600),
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
        counts = await _describe(admin, settings)
        if None not in counts.values() or asyncio.get_running_loop().time() > deadline:
            return counts
        await asyncio.sleep(0.05)
