"""Which partitions to fetch of topics whose records are mostly produced by this worker.

The log, the refiner and notifications consume what the windower in the same process has just
produced. Each such record would end a fetch that waits for frames, and a fetch costs the same for
one message as for many. Records of this process are therefore delivered in memory once the broker
has acknowledged them, and their partitions are fetched only once a second: for records of other
producers, for those beyond what may wait for room in the buffer, and after each rebalance. Offsets
are delivered and committed as usual; after a crash everything is read from the topics.
"""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container

    from faust.types import TP

# Maximum delay, s, of another producer's records while frames arrive.
_EVERY_S = 1.0


class PartitionStates:
    """A subset of aiokafka's assignment: partitions `tps` and their states."""

    def __init__(self, assignment: Any, tps: list[Any]) -> None:
        self.tps = tps
        self.state_value = assignment.state_value


class WrittenHere:
    """The partitions of `topics`; `expected` returns a partition's next offset to deliver.

    The fetching thread calls `due`, the event loop everything else.
    """

    def __init__(self, topics: Collection[str], expected: Callable[[TP], int | None]) -> None:
        self.topics = frozenset(topics)
        self._expected = expected
        # The position of each partition's latest fetch.
        self._begin: dict[TP, int] = {}
        # Offsets before these have to be fetched.
        self._asked: dict[TP, int] = {}
        self._newest: dict[TP, int] = {}
        # Partitions of topics that were deleted and recreated since their latest fetch.
        self.recreated: set[TP] = set()

    def ask(self, tp: TP, end: int) -> None:
        """Request a fetch of the offsets before `end`, which could not be delivered in memory."""
        self._asked[tp] = end

    def continues(self, tp: TP, offset: int) -> bool:
        """Return whether `offset` is after all offsets that were produced here before.

        If not, the topic was deleted and recreated between two fetches: its offsets now refer to
        other messages, and might exceed the expected one before a fetch could notice.
        """
        if offset <= self._newest.get(tp, -1):
            self.recreated.add(tp)
        self._newest[tp] = offset
        return tp not in self.recreated

    def on_seek(self, tp: TP) -> None:
        """Forget a partition whose position changed."""
        self._begin.pop(tp, None)
        self._asked.pop(tp, None)
        self._newest.pop(tp, None)
        self.recreated.discard(tp)

    def clear(self) -> None:
        """Forget all partitions, after a rebalance."""
        self._begin.clear()
        self._asked.clear()
        self._newest.clear()
        self.recreated.clear()

    def went_back(self, tp: TP, position: int) -> bool:
        """Return whether `position` is before the latest fetch's, whose offset then is gone."""
        return position < self._begin.get(tp, 0)

    def due(self, assignment: Any, held: Container[Any]) -> PartitionStates:
        """Return the partitions to fetch; those in `held` still have buffered records."""
        now_ms = time() * 1e3
        tps = [
            tp
            for tp in assignment.tps
            if tp.topic not in self.topics
            or tp in held
            or self._is_due(tp, assignment.state_value(tp), now_ms)
        ]
        return PartitionStates(assignment, tps)

    def _is_due(self, tp: TP, state: Any, now_ms: float) -> bool:
        if not state.has_valid_position:
            return True
        # Read before the expected offset, which a seek changes last.
        position, went_back = state.position, self.went_back(tp, state.position)
        expected = self._expected(tp)
        if expected is not None and not went_back:
            if expected > position:
                # Records delivered in memory need no fetch.
                position = expected
                state.consumed_to(expected)
            self._begin[tp] = position
        end = state.highwater if state.lso is None or state.lso < 0 else state.lso
        return bool(
            state.timestamp is None
            or now_ms - state.timestamp >= _EVERY_S * 1e3
            or position < max(self._asked.get(tp, 0), end or 0)
            or went_back
        )
