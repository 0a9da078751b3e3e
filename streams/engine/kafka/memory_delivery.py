"""Delivers what this worker has produced, once the broker has acknowledged it, without a fetch.

`streams.engine.kafka.written_here` says why, and which partitions are fetched besides.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from faust.types import TP, Message

    from streams.engine.kafka.written_here import WrittenHere

# After a delivery, how long the next one waits: per record, and at most, s. In a backlog larger
# batches cost the log and the store less per record.
_APART_S, _APART_AT_MOST_S = 0.02, 0.1
# How much of what the agents have no room for is kept for a later delivery, bytes. A fetch would
# bring it only after the one under way, which may wait a second for the next frames.
_KEPT_BYTES = 4 << 20


class MemoryDelivery:
    """Delivers each message that is the next of its partition, or keeps it until there is room.

    `expected` returns a partition's next offset, None where nothing may be delivered; `deliver`
    returns whether there was room for a message.
    """

    def __init__(
        self,
        written_here: WrittenHere,
        expected: Callable[[TP], int | None],
        deliver: Callable[[Message], bool],
    ) -> None:
        self._written_here = written_here
        self._expected = expected
        self._deliver = deliver
        self._written: list[Message] = []
        # Written before those, and waiting for room.
        self._kept: list[Message] = []
        # Earliest time of the next delivery, by the loop's clock.
        self._next_s = 0.0

    def take(self, message: Message) -> None:
        """Deliver a message soon, with others that follow at once."""
        self._written.append(message)
        if len(self._written) == 1 and not self._kept:
            self._run_at(self._next_s)

    def clear(self) -> None:
        """Leave all that waits for room to a fetch, after a rebalance."""
        self._kept.clear()

    def forget(self, tp: TP) -> None:
        """Leave what waits for room to a fetch, which begins elsewhere."""
        self._kept = [each for each in self._kept if each.tp != tp]

    def _run_at(self, when_s: float) -> None:
        loop = asyncio.get_running_loop()
        loop.call_at(max(loop.time(), when_s), self._run)

    def _run(self) -> None:
        """Deliver what can be delivered.

        Messages that a fetch has already delivered are skipped. A fetch is requested of what cannot
        be kept, and of what follows another producer's.
        """
        written = [each for each in self._written if self._continues(each)]
        waiting, self._kept, self._written = [*self._kept, *written], [], []
        now_s = asyncio.get_running_loop().time()
        self._next_s = now_s + min(_APART_S * len(waiting), _APART_AT_MOST_S)
        kept_bytes = 0
        held_up: set[TP] = set()
        for message in waiting:
            tp = message.tp
            expected = self._expected(tp)
            if expected is None or message.offset < expected:
                continue
            is_next = message.offset == expected
            if is_next and self._deliver(message):
                continue
            size = int(message.serialized_value_size)
            if (is_next or tp in held_up) and kept_bytes + size <= _KEPT_BYTES:
                self._kept.append(message)
                kept_bytes += size
                held_up.add(tp)
            else:
                self._written_here.ask(tp, message.offset + 1)
        if self._kept:
            self._run_at(now_s + _APART_AT_MOST_S)

    def _continues(self, message: Message) -> bool:
        return self._expected(message.tp) is not None and self._written_here.continues(
            message.tp, message.offset
        )
