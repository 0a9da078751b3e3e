"""A consumer that says how far each of its partitions is read and processed."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, cast

from streams.engine.kafka.direct_consumer import DirectConsumer
from streams.engine.progress import Reading

if TYPE_CHECKING:
    from collections.abc import Collection

    from faust.types import TP, Message

    from streams.engine.kafka.fetching import FetchingThread


class ProgressConsumer(DirectConsumer):
    """Faust's consumer with figures of its progress, by the offsets that a subclass delivers."""

    _thread: FetchingThread

    def on_init(self) -> None:
        """Initialise the bookkeeping; no partition has been sought yet."""
        super().on_init()
        self._sought = False
        # By partition: the next offset to deliver.
        self._next: dict[TP, int] = {}
        self._acknowledged: Counter[TP] = Counter()

    def lag(self) -> dict[TP, int]:
        """Return how many messages of each assigned partition are not read yet."""
        lags: dict[TP, int] = {}
        for tp, position in self._next.items():
            highwater: Any = self.highwater(tp)
            lags[tp] = max(0, (highwater or 0) - position)
        return lags

    def ack(self, message: Message) -> bool:
        """Acknowledge a message, and count it for `progress`."""
        acknowledged: bool = super().ack(message)
        self._acknowledged[message.tp] += acknowledged
        return acknowledged

    def progress(self) -> dict[TP, Reading]:
        """Return how far each assigned partition has been processed."""
        return {
            tp: Reading(
                self._acknowledged[tp],
                cast("int | None", self._committed_offset.get(tp)),
                cast("int | None", self.highwater(tp)),
            )
            for tp in self._next
        }

    def committed(self) -> dict[TP, int | None]:
        """Return the committed offset of each assigned partition, None without a commit."""
        return {tp: reading.committed for tp, reading in self.progress().items()}

    def has_read(self, topics: Collection[str] | None = None) -> bool:
        """Return whether the assigned partitions (of `topics`, if given) are read to their ends.

        The end of a partition is unknown until its first fetch after the assignment.
        """
        return self._sought and all(
            self._is_read(tp) for tp in self._next if topics is None or tp.topic in topics
        )

    def _is_read(self, tp: TP) -> bool:
        end = cast("int | None", self.highwater(tp))
        return end is not None and end <= self._next[tp]

    def is_answered(self, topics: Collection[str], within_s: float) -> bool:
        """Return whether the broker confirmed within `within_s` every end that was read to.

        While it is unreachable, or this process was suspended, more may have been sent.
        """
        # The clock of the client's own timestamps, not `infra.clock`.
        now_s = time.time()
        return all(
            now_s - answered_s <= within_s
            for tp in self._next
            if tp.topic in topics and self._is_read(tp)
            if (answered_s := self._thread.answered_at(tp)) is not None
        )
