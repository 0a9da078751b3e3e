"""A consumer that tells the store of offsets before it commits them.

Where the store turns out to lack what follows from committed messages, they are read again
(`streams.engine.kafka.reading_again`).
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition
from faust.types import TP

from infra import metrics
from infra.errors import StoreError
from infra.redis.outage import at_once
from infra.topics import RAW
from streams.engine.kafka.progress_consumer import ProgressConsumer
from streams.engine.kafka.reading_again import ReadingAgain, reading_again

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from faust.types import Message

    from infra.errors import InfraError
    from infra.redis.stored_offsets import StoredOffsets

log = logging.getLogger(__name__)


class StoredConsumer(ProgressConsumer):
    """Faust's consumer with offsets that the store knows before the broker does."""

    # Whether the store turned out to be another copy since the partitions were sought.
    _store_changed = False
    _again = ReadingAgain()
    # None where offsets are not stored.
    _stored: StoredOffsets | None = None

    def on_init(self) -> None:
        """Initialise the bookkeeping; the store has taken everything so far."""
        super().on_init()
        # Ends of runs that are not committed, because the store did not take them.
        self._not_stored: dict[TP, int] = {}

    async def _reading_again(self, committed: Mapping[TP, int | None]) -> ReadingAgain:
        self._stored = getattr(self.app, "stored_offsets", None)
        if self._stored is None:
            return ReadingAgain()
        with self._ended_by_the_store():
            offsets = await self._stored.read(committed.keys())
        reached = {TP(*at): offset for at, offset in offsets.items()}
        behind = [tp for tp, end in committed.items() if end and end > reached.get(tp, 0)]
        if not behind:
            return ReadingAgain()
        app: Any = self.app
        frame_topics = {app.settings.topic(name) for name in RAW}
        # Commits of a release that did not store their offsets say nothing of the store.
        marked = await self._thread.stored_commits(behind)
        again = reading_again(marked, reached, await self._beginnings(behind), frame_topics)
        if again:
            log.warning("%s", again.line)
            metrics.read_again.inc(again.again)
            metrics.read_again_gone.inc(again.gone)
        return again

    async def _store_first(self, starts: Mapping[TP, int]) -> None:
        """Store where partitions are read from that the store does not know: no copy lacks them."""
        if self._stored is None:
            return
        with self._ended_by_the_store():
            if not await self._stored.begin(starts):
                await self.read_again()

    @contextmanager
    def _ended_by_the_store(self) -> Iterator[None]:
        """End the worker with one line if the store fails, where Faust would print a traceback."""
        try:
            yield
        except StoreError as error:
            self._end(error)
            raise asyncio.CancelledError from None

    def is_published(self, message: Message) -> bool:
        """Return whether a frame is read again only to learn from: its windows are published."""
        return bool(message.offset < self._again.published.get(message.tp, 0))

    def _end(self, error: InfraError) -> None:
        app: Any = self.app
        app.end(error)

    def _filter_committable_offsets(self, tps: Iterable[TP]) -> dict[TP, int]:
        """Return the offsets to commit, with those that the store did not take before."""
        return {**self._not_stored, **super()._filter_committable_offsets(tps)}

    async def _commit_offsets(
        self,
        offsets: Mapping[TP, int],
        start_new_transaction: bool = True,
    ) -> bool:
        """Tell the store of offsets, then commit them; neither while the store is away."""
        if self._stored is not None and not await self._store(self._stored, offsets):
            self._not_stored.update(offsets)
            return False
        self._not_stored.clear()
        return bool(await super()._commit_offsets(offsets, start_new_transaction))

    async def _store(self, stored: StoredOffsets, offsets: Mapping[TP, int]) -> bool:
        app: Any = self.app
        if self._store_changed or app.stored_offsets is None:
            # Read again, later by this worker or, where it ends, by the next.
            return False
        try:
            with at_once():
                kept = await stored.advance(offsets)
        except StoreError:
            # Whoever writes results meanwhile says so, and ends the worker if it lasts.
            return False
        if not kept:
            await self.read_again()
        return kept

    async def read_again(self) -> None:
        """Take the partitions over once more, because the store lost what followed from messages.

        Nothing is committed until then.
        """
        if self._store_changed:
            return
        self._store_changed = True
        log.warning("the store is another copy than before: the partitions are taken over again")
        await self._thread.rejoin()

    async def _beginnings(self, partitions: list[TP]) -> dict[TP, int]:
        if not partitions:
            return {}
        offsets = await self.earliest_offsets(
            *(TopicPartition(tp.topic, tp.partition) for tp in partitions)
        )
        return {TP(tp.topic, tp.partition): offset for tp, offset in offsets.items()}
