"""Deletes processed sound and motion from Kafka after `raw_retention_h`.

Frames that are not processed yet stay until the topic's own retention.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import KafkaError

from infra import clock
from infra.broker.access import client_arguments
from infra.topics import RAW

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.settings import Settings

log = logging.getLogger(__name__)

_INTERVAL_S = 60.0


class _ChangeLog:
    """Warns of a problem once while it lasts: the same comes up every minute."""

    def __init__(self) -> None:
        self._last = ""

    def warn(self, text: str) -> None:
        log.log(logging.DEBUG if text == self._last else logging.WARNING, "%s", text)
        self._last = text

    def forget(self) -> None:
        """Take note that there is no problem now: if it comes again, it is news."""
        self._last = ""


_problems = _ChangeLog()


async def keep_deleting_processed(
    settings: Settings, committed: Callable[[], Mapping[TopicPartition, int | None]]
) -> None:
    """Call `delete_processed` each minute, with the offsets of the minute before, until cancelled.

    A store that fails over may lack what followed from frames that were committed just now.
    """
    while True:
        offsets = dict(committed())
        await asyncio.sleep(_INTERVAL_S)
        await delete_processed(settings, offsets)


async def delete_processed(
    settings: Settings, committed: Mapping[TopicPartition, int | None]
) -> int:
    """Delete the frames that are committed and older than their retention; return how many.

    `committed` holds the committed offsets of this worker's partitions; those of other topics than
    frames are ignored. If the broker is unreachable or denies it, the next call tries again.
    """
    raw = {settings.topic(name) for name in RAW}
    frames = {
        TopicPartition(*tp): offset
        for tp, offset in committed.items()
        if offset and tp.topic in raw
    }
    if not frames:
        return 0
    oldest_ms = round((clock.now_s() - settings.raw_retention_s) * 1_000)
    consumer = AIOKafkaConsumer(**client_arguments(settings))
    admin = AIOKafkaAdminClient(**client_arguments(settings))
    try:
        await consumer.start()
        await admin.start()
        begins = await consumer.beginning_offsets(list(frames))
        younger = await consumer.offsets_for_times(dict.fromkeys(frames, oldest_ms))
        ends = {
            tp: offset if younger[tp] is None else min(offset, younger[tp].offset)
            for tp, offset in frames.items()
        }
        due = {tp: end for tp, end in ends.items() if end > begins[tp]}
        if due:
            await admin.delete_records({tp: RecordsToDelete(end) for tp, end in due.items()})
        _problems.forget()
        return sum(end - begins[tp] for tp, end in due.items())
    except KafkaError as error:
        _problems.warn(f"processed frames are not deleted yet: {error!r}")
        return 0
    finally:
        await admin.close()
        await consumer.stop()
