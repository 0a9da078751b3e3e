"""The table of topics: their names, messages and retention.

Every topic has `topic_partitions` partitions and is keyed by device id, so that one worker gets all
of a device's audio, motion and results. `labels` is keyed by label and `model.updates` by the
model's name; every worker reads all of both, and all of `device.control`. `corrections` is keyed by
the correction's id, in the partition of its device.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    from infra.settings import Settings

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
# Key, headers and batch framing around a value; also room for a batch of many small values.
_BATCH_OVERHEAD_BYTES = 65_536
_MIN_BATCH_BYTES = 1_048_588
# One broker may be away, and two others have each message.
_MIN_REPLICAS = 3


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

    def config(self, raw_retention_s: int = DAY_S, replicas: int = 1) -> dict[str, str]:
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
        if replicas >= _MIN_REPLICAS:
            # Kafka would confirm what its leader alone has, and lose it with that broker's disk.
            config["min.insync.replicas"] = str(replicas - 1)
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
        CORRECTIONS,
    }
)


def used_topics(settings: Settings) -> tuple[Topic, ...]:
    """Return the topics that workers with these settings need."""
    return tuple(topic for topic in TOPICS if settings.debug_topics or not topic.debugging)
