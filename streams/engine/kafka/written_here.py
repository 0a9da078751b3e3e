"""Which partitions a fetch asks for, where most of what it would bring is this worker's own.

Log, refiner and notifications read what the windower beside them has just written. A fetch that
waits for frames would end at each such record, and costs the same for one message as for many. So
records of this process are handed over in memory once the broker has them, and their partitions are
fetched now and then: for what others wrote, for what there was no room for, and after every change
of the partitions. Offsets are delivered and committed as ever; after a crash all is read.
"""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container

    from faust.types import TP

# What another worker wrote, before its partitions came here, is read this late at most where frames
# come.
_EVERY_S = 1.0


class PartitionStates:
    """A part of aiokafka's assignment: its partitions `tps`, with their states."""

    def __init__(self, assignment: Any, tps: list[Any]) -> None:
        self.tps = tps
        self.state_value = assignment.state_value


class WrittenHere:
    """The partitions of `topics`, whose next offset to deliver is `expected`.

    The fetching thread calls `due`, the event loop all else.
    """

    def __init__(self, topics: Collection[str], expected: Callable[[TP], int | None]) -> None:
        self.topics = frozenset(topics)
        self._expected = expected
        # Where the latest fetches began.
        self._begin: dict[TP, int] = {}
        # The end of what has to be fetched.
        self._asked: dict[TP, int] = {}
        self._newest: dict[TP, int] = {}
        # The partitions that began anew since they were last fetched.
        self.begun_anew: set[TP] = set()

    def ask(self, tp: TP, end: int) -> None:
        """Have the offsets before `end` fetched soon: they could not be handed over."""
        self._asked[tp] = end

    def goes_on(self, tp: TP, offset: int) -> bool:
        """Return whether what was written at `offset` follows what was written here before.

        Else the topic was deleted and created again between two fetches: its offsets mean other
        messages now, and may pass by the next that is expected before a fetch could tell.
        """
        if offset <= self._newest.get(tp, -1):
            self.begun_anew.add(tp)
        self._newest[tp] = offset
        return tp not in self.begun_anew

    def sought(self, tp: TP) -> None:
        """Take note that a partition is read on from elsewhere."""
        self._begin.pop(tp, None)
        self._asked.pop(tp, None)
        self._newest.pop(tp, None)
        self.begun_anew.discard(tp)

    def clear(self) -> None:
        """Take note that all partitions are read on from elsewhere."""
        self._begin.clear()
        self._asked.clear()
        self._newest.clear()
        self.begun_anew.clear()

    def went_back(self, tp: TP, position: int) -> bool:
        """Return whether the offset from which a fetch was to begin is not there."""
        return position < self._begin.get(tp, 0)

    def due(self, assignment: Any, held: Container[Any]) -> PartitionStates:
        """Return what is to be fetched of an assignment; of what is `held` records wait here."""
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
        # Looked at before what is expected: a partition that is sought loses it last.
        position, went_back = state.position, self.went_back(tp, state.position)
        expected = self._expected(tp)
        if expected is not None and not went_back:
            if expected > position:
                # What was handed over needs no fetch.
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
