"""What each role writes and reads, written out here and not taken from the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra import topics
from infra.settings import load

if TYPE_CHECKING:
    from infra.broker.acls import Role

LOG = {topics.ACTIVITY, topics.SCENARIO, topics.SCENARIO_REFINED}
FRAMES = {topics.AUDIO_FRAMES, topics.IMU_FRAMES}
EVERY = {topic.name for topic in topics.used_topics(load(env_file=None))}
DECIDED = {topics.LABELS, topics.DEVICE_CONTROL}
MADE = EVERY - FRAMES - DECIDED - {topics.MODEL_UPDATES}
WRITES: dict[Role, set[str]] = {
    "device": FRAMES,
    "worker": MADE | {topics.DEVICE_CONTROL},
    "finetuner": {topics.MODEL_UPDATES, topics.DEAD_LETTER},
    "operator": EVERY,
    "reader": set(),
}
READS: dict[Role, set[str]] = {
    "device": set(),
    "worker": EVERY - {topics.SPATIAL, topics.FINETUNE_QUEUE, topics.DEAD_LETTER},
    "finetuner": {topics.FINETUNE_QUEUE, topics.MODEL_UPDATES, topics.DEVICE_CONTROL},
    "operator": EVERY,
    "reader": LOG,
}
