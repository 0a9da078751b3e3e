"""Observing topics from outside: which windows have a record in which topic, and since when."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Self

import msgpack
from aiokafka import AIOKafkaConsumer, TopicPartition

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from infra.settings import Settings

# Only a record's id is decoded, because the observer shares the machine with the subject.
_KEY = msgpack.packb("window_id")
_MAX_ID_BYTES = 260
_POLL_S = 0.02
_QUIET_S = 2.0
_FETCH_BYTES = 5_000_000


class Observer:
    """Follows topics from their beginning; `seen[topic][window id]` is the time of its record.

    Times are s since the epoch: the broker's timestamp if it stamps messages on arrival, else the
    time of reading. `messages` and `octets` (keys and values) are counts by topic.
    """

    def __init__(self, settings: Settings, names: Sequence[str]) -> None:
        self._settings = settings
        self._names = {settings.topic(name): name for name in names}
        self.seen: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self.messages: Counter[str] = Counter()
        self.octets: Counter[str] = Counter()
        self._consumer: Any = None
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.bootstrap_servers,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=50,
            max_partition_fetch_bytes=_FETCH_BYTES,
        )
        await self._consumer.start()
        partitions = range(self._settings.topic_partitions)
        tps = [TopicPartition(topic, number) for topic in self._names for number in partitions]
        self._consumer.assign(tps)
        await self._consumer.seek_to_beginning(*tps)
        self._reading = asyncio.create_task(self._note_records())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._reading is not None  # noqa: S101 - narrows a type, checks nothing
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._consumer.stop()

    def count(self, name: str, fleet: str) -> int:
        """Return how many windows of a fleet have a record in a topic."""
        return sum(window.startswith(f"{fleet}-") for window in self.seen[name])

    async def until(
        self, holds: Callable[[], bool], timeout_s: float, check: Callable[[], None]
    ) -> bool:
        """Wait until `holds()`, at most the timeout; `check` is called meanwhile and may raise."""
        deadline = time.monotonic() + timeout_s
        while not holds():
            if time.monotonic() > deadline:
                return False
            check()
            assert self._reading is not None  # noqa: S101 - narrows a type, checks nothing
            if self._reading.done():
                self._reading.result()
            await asyncio.sleep(_POLL_S)
        return True

    async def until_quiet(self) -> None:
        """Wait until nothing more arrives, so that the topics were read to their end."""
        before = -1
        while before != (before := self.messages.total()):
            await asyncio.sleep(_QUIET_S)

    async def _note_records(self) -> None:
        while True:
            for tp, records in (await self._consumer.getmany(timeout_ms=1_000)).items():
                now, name = time.time(), self._names[tp.topic]
                for record in records:
                    self._note(name, record, now)

    def _note(self, name: str, record: Any, now: float) -> None:
        self.messages[name] += 1
        self.octets[name] += len(record.key or b"") + len(record.value or b"")
        window = window_of(record.value or b"")
        if window is not None:
            when = record.timestamp / 1e3 if record.timestamp_type == 1 else now
            self.seen[name].setdefault(window, when)


def window_of(value: bytes) -> str | None:
    """Return the window id in a message's bytes, or None."""
    key = value.find(_KEY)
    if key < 0:
        return None
    unpacker = msgpack.Unpacker()
    unpacker.feed(value[key + len(_KEY) :][:_MAX_ID_BYTES])
    window: str = unpacker.unpack()
    return window
