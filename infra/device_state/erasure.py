"""Erasing a device: delete everything the pipeline keeps of it, wherever that is possible.

The decision is published first, so that workers drop the device's messages still in Kafka. Then the
store gets a mark, by which it refuses whatever a worker writes that has not read the decision yet,
however long it was frozen (`infra.redis.erasure_marks`). Data that an earlier release writes, which
knows no marks, is deleted in the next round.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra import clock, topics
from infra.broker.dead_letters import LetterSelection, purge
from infra.broker.device_control import read_controls, write_control
from infra.broker.topic_reader import TopicReader, publish
from infra.daily_log.decisions import Decisions
from infra.daily_log.record_offsets import RecordOffsets
from infra.daily_log.store import LogStore
from infra.device_state.checkpoints import Checkpoints
from infra.device_state.corrected_windows import CorrectedWindows
from infra.device_state.live_states import LiveStates
from infra.device_state.replay_progress import ReplayProgress, ReplayProgressError
from infra.device_state.window_pictures import WindowPictures
from infra.errors import BrokerError, ServiceError, StoreError, TopicsError
from infra.model_store.replay_buffer import ReplayBuffer, buffer_path
from infra.notifications.journal import Journal
from schemas import Correction, DeviceControl, SchemaError
from schemas.event_time import NS_PER_MS
from schemas.message import END_OF_TIME_NS

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from infra.settings import Settings

# A worker reads a decision within one fetch; a busy one gets the time of a few.
SETTLE_S = 2.0
_ROUNDS = 5


@dataclass
class Erasure:
    """How much was deleted, by place, and what could not be deleted and why."""

    counts: dict[str, int] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)

    def add(self, where: str, count: int) -> None:
        """Add `count` deletions at the place `where`."""
        self.counts[where] = self.counts.get(where, 0) + count


async def erase(
    settings: Settings, redis: Redis, device_id: str, settle_s: float = SETTLE_S
) -> Erasure:
    """Delete a device's data; raises `BrokerError`, or `StoreError` if something remains."""
    await write_control(settings, DeviceControl(device_id=device_id, state="erased", stamped=True))
    # The time of an erasure is that of its record.
    control = (await read_controls(settings)).get(device_id)
    erased_ms = None if control is None else control.erased_ms
    erased = Erasure()
    store = LogStore(redis, settings.app_id, settings.log_retention_days)
    await store.erasures.erase(device_id, erased_ms or clock.now_ns() // NS_PER_MS)
    for _ in range(_ROUNDS):
        await asyncio.sleep(settle_s)
        records = await store.erase(device_id)
        await RecordOffsets.of(store).erase(device_id)
        checkpoints = await Checkpoints.erase(redis, settings.app_id, device_id)
        corrected = await CorrectedWindows(redis, settings.app_id).erase(device_id)
        notifications = await Journal.of(store).erase(device_id)
        await Decisions.of(store).erase(device_id)
        await LiveStates.of(store).delete(device_id)
        pictures = await WindowPictures.of(store).delete(device_id, 0, END_OF_TIME_NS)
        erased.add("records of the log", records)
        erased.add("checkpoints and adapters", checkpoints)
        erased.add("corrected windows", corrected)
        erased.add("notifications", notifications)
        erased.add("pictures of half minutes", pictures)
        gone = records + checkpoints + corrected + notifications + pictures
        if not gone and not await store.knows(device_id):
            break
    else:
        raise StoreError(
            f"something of device {device_id} is still written: expected workers of this release "
            "that read the topic device.control; end the others and erase it once more"
        )
    erased.add("corrections", await _take_back_corrections(settings, device_id))
    erased.add("windows to learn from", _from_buffer(settings, device_id))
    try:
        progress = ReplayProgress(settings.run_dir)
        erased.add("notes of replays", progress.forget_device(device_id))
    except (ReplayProgressError, ServiceError) as error:
        erased.left.append(str(error))
    try:
        letters = await purge(settings, LetterSelection(about=device_id))
        erased.add("dead letters", letters.done)
    except (BrokerError, TopicsError) as error:
        erased.left.append(str(error))
    return erased


def kept_by_kafka(settings: Settings) -> list[tuple[str, str]]:
    """Return the topics that keep a device's messages until retention ends, with the retention."""
    return [
        (settings.topic(topic.name), topic.kept_for)
        for topic in topics.TOPICS
        if not topic.compacted and topic.name != topics.DEAD_LETTER
    ]


async def _take_back_corrections(settings: Settings, device_id: str) -> int:
    """Delete a device's corrections from their topic, which would keep them for good."""
    doomed: dict[str, set[int]] = {}
    async with TopicReader(settings, topics.CORRECTIONS) as reader:
        for record in await reader.to_the_end():
            key = bytes(record.key or b"").decode(errors="replace")
            places = doomed.setdefault(key, set())
            places.discard(record.partition)
            with suppress(SchemaError):
                if record.value is not None:
                    correction = Correction.decode(record.value)
                    places |= {record.partition} if correction.device_id == device_id else set()
    doomed = {key: places for key, places in doomed.items() if places}
    for key, places in sorted(doomed.items()):
        # Compaction deletes within a partition, and an earlier release moved corrections.
        for partition in places:
            await publish(settings, topics.CORRECTIONS, key, None, partition=partition)
    return len(doomed)


def _from_buffer(settings: Settings, device_id: str) -> int:
    path = buffer_path(settings.run_dir)
    if not path.is_file():
        return 0
    with ReplayBuffer(path, settings.finetune_buffer_max) as buffer:
        return buffer.forget_device(device_id)
