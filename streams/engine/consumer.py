"""A consumer that never passes over an offset.

Faust 0.15.3 resumes its partitions before it seeks them to the committed offset
(`faust.tables.recovery.Recovery.on_recovery_completed`), and a fetch that lands in between is
dropped. It then takes the missing offsets for a compaction gap and commits across them. Here a
partition delivers nothing until it was sought, every partition without a commit is sought to its
beginning, and a jump in the offsets is an alarm and a re-seek.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

from aiokafka import TopicPartition
from faust.transport.drivers.aiokafka import Consumer as FaustConsumer
from faust.transport.drivers.aiokafka import Transport as FaustTransport
from faust.types import TP, Message

from infra import metrics

log = logging.getLogger(__name__)


class Consumer(FaustConsumer):
    """Faust's consumer with contiguous offsets."""

    def on_init(self) -> None:
        """Start with no partition sought."""
        super().on_init()
        self._next: dict[TP, int | None] = {}
        self._sought_again: dict[TP, int] = {}

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Hold every partition back until it was sought."""
        self._next.clear()
        await super().on_partitions_assigned(assigned, generation_id)

    async def perform_seek(self) -> None:
        """Seek every partition to its commit, or to its beginning when it has none."""
        self._next.clear()
        committed = {
            TP(tp.topic, tp.partition): offset
            for tp, offset in (await self.seek_to_committed()).items()
        }
        fresh = [tp for tp, offset in committed.items() if not offset or offset < 0]
        if fresh:
            # aiokafka's own seek_to_committed leaves these wherever they are.
            thread = self._thread
            await thread.call_thread(
                thread._ensure_consumer().seek_to_beginning,
                *(TopicPartition(tp.topic, tp.partition) for tp in fresh),
            )
        for tp, offset in committed.items():
            known = offset if offset and offset > 0 else None
            self._read_offset[tp] = known
            if known is not None:
                self._committed_offset[tp] = known
            self._next[tp] = known
        self._sought_again.clear()

    async def seek(self, partition: TP, offset: int) -> None:
        """Seek, and expect this offset next."""
        await super().seek(partition, offset)
        self._next[partition] = offset

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:
        """Yield fetched messages, each partition's offsets without a jump."""
        held_back: set[TP] = set()
        async for tp, message in super().getmany(timeout):
            if tp in held_back or tp not in self._next:
                continue
            expected = self._next[tp]
            if expected is not None and message.offset < expected:
                continue
            if expected is not None and message.offset > expected:
                if self._sought_again.get(tp) != expected:
                    self._sought_again[tp] = expected
                    held_back.add(tp)
                    log.error(
                        'topic="%s" partition="%d" offset="%d": expected offset %d; seeking back',
                        tp.topic,
                        tp.partition,
                        message.offset,
                        expected,
                    )
                    metrics.offset_gaps.labels(topic=tp.topic).inc()
                    await self.seek(tp, expected)
                    continue
                log.error(
                    'topic="%s" partition="%d": offsets %d to %d are no longer in the broker',
                    tp.topic,
                    tp.partition,
                    expected,
                    message.offset - 1,
                )
            self._next[tp] = message.offset + 1
            yield tp, message

    def lag(self) -> dict[TP, int]:
        """Return how many messages each assigned partition still has to read."""
        lags: dict[TP, int] = {}
        for tp, position in self._next.items():
            highwater: Any = self.highwater(tp)
            lags[tp] = max(0, (highwater or 0) - (position or 0))
        return lags


class Transport(FaustTransport):
    """Faust's Kafka transport with the guarded consumer."""

    Consumer = Consumer
