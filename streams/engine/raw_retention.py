"""Raw sound and motion that were processed leave Kafka after `raw_retention_h`.

What was not processed stays for its day.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import KafkaError

from infra import clock
from infra.broker.access import client_arguments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.settings import Settings

log = logging.getLogger(__name__)

INTERVAL_S = 60.0


class _Once:
    """Warns where something else is wrong than the last time: it is looked at each minute."""

    def __init__(self) -> None:
        self._text = ""

    def say(self, text: str) -> None:
        log.log(logging.DEBUG if text == self._text else logging.WARNING, "%s", text)
        self._text = text


_said = _Once()


async def delete_processed(
    settings: Settings, committed: Mapping[TopicPartition, int | None]
) -> int:
    """Delete the frames that are committed and older than their retention; return how many.

    `committed` are the offsets of this worker's partitions of raw topics. A broker that is away, or
    allows it not, is tried again the next time.
    """
    ours = {TopicPartition(*tp): offset for tp, offset in committed.items() if offset}
    if not ours:
        return 0
    oldest_ms = round((clock.now_s() - settings.raw_retention_h * 3_600) * 1_000)
    consumer = AIOKafkaConsumer(**client_arguments(settings))
    admin = AIOKafkaAdminClient(**client_arguments(settings))
    try:
        await consumer.start()
        await admin.start()
        begins = await consumer.beginning_offsets(list(ours))
        younger = await consumer.offsets_for_times(dict.fromkeys(ours, oldest_ms))
        ends = {
            tp: offset if younger[tp] is None else min(offset, younger[tp].offset)
            for tp, offset in ours.items()
        }
        due = {tp: end for tp, end in ends.items() if end > begins[tp]}
        if due:
            await admin.delete_records({tp: RecordsToDelete(end) for tp, end in due.items()})
        return sum(end - begins[tp] for tp, end in due.items())
    except KafkaError as error:
        _said.say(f"processed frames are not deleted yet: {error!r}")
        return 0
    finally:
        await admin.close()
        await consumer.stop()
