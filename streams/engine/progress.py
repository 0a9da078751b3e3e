"""Whether a worker makes progress: its acknowledgements, its commits and its event loop.

A partition's committed offset may rightly stand still while a silent device's last messages are
pending, up to `session_end_timeout_s`; meanwhile, acknowledgements of other messages count as
progress.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from faust.types import TP

STUCK_AFTER_S = 60.0
# For how long the largest delay of the event loop is reported.
_LAG_REMEMBERED_S = 30.0
MAX_LOOP_LAG_S = 10.0


class Reading(NamedTuple):
    """A partition: acknowledgements so far, the committed offset, and the end at the broker."""

    acknowledged: int
    committed: int | None
    end: int | None


@dataclass
class _Group:
    """One partition number across all topics that an agent reads."""

    acknowledged: int
    committed: int
    end: int
    advanced_at: float
    committed_at: float
    came_at: float


class ConsumerProgress:
    """Finds partitions that make no progress while messages arrive; call `observe` every second.

    `sources` are the topics of each agent. Commits have to move within `commit_after_s`,
    acknowledgements within `stuck_after_s`.
    """

    def __init__(
        self,
        commit_after_s: float,
        stuck_after_s: float = STUCK_AFTER_S,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._commit_after_s = commit_after_s
        self._stuck_after_s = stuck_after_s
        self._clock = clock
        self._groups: dict[tuple[tuple[str, ...], int], _Group] = {}

    def observe(self, readings: Mapping[TP, Reading], sources: Sequence[Sequence[str]]) -> None:
        """Take note of the assigned partitions' progress."""
        now = self._clock()
        groups: dict[tuple[tuple[str, ...], int], _Group] = {}
        for topics in {tuple(source) for source in sources}:
            by_number: dict[int, list[Reading]] = {}
            for tp, reading in readings.items():
                if tp.topic in topics:
                    by_number.setdefault(tp.partition, []).append(reading)
            for number, each in by_number.items():
                groups[topics, number] = self._next(self._groups.get((topics, number)), each, now)
        self._groups = groups

    def problem(self) -> str | None:
        """Return in one line which partition makes no progress, None if all do."""
        now = self._clock()
        for (topics, number), group in self._groups.items():
            where = f"{' and '.join(topics)} [{number}]"
            has_input = now - group.came_at < self._stuck_after_s and group.committed < group.end
            if has_input and now - group.advanced_at > self._stuck_after_s:
                return (
                    f"nothing of {where} was processed for {now - group.advanced_at:.0f} s while "
                    "messages come: restart the worker, and report its log"
                )
            if has_input and now - group.committed_at > self._commit_after_s:
                return (
                    f"the committed offset of {where} did not move for "
                    f"{now - group.committed_at:.0f} s while messages come: restart the worker, "
                    "and report its log"
                )
        return None

    @staticmethod
    def _next(before: _Group | None, readings: Sequence[Reading], now: float) -> _Group:
        acknowledged = sum(reading.acknowledged for reading in readings)
        committed = sum(reading.committed or 0 for reading in readings)
        end = sum(reading.end or 0 for reading in readings)
        if before is None:
            return _Group(acknowledged, committed, end, now, now, now)
        # With everything committed there was nothing to do: the clock starts at the next message.
        idle = before.committed >= before.end
        has_advanced = idle or (acknowledged, committed) != (before.acknowledged, before.committed)
        return _Group(
            acknowledged,
            committed,
            end,
            now if has_advanced else before.advanced_at,
            now if idle or committed != before.committed else before.committed_at,
            now if end != before.end else before.came_at,
        )


class LoopLag:
    """The largest delay of the event loop within the last half minute."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._worst_s = 0.0
        self._at = clock()

    def note(self, late_s: float) -> None:
        """Take note of how much longer a sleep took than requested."""
        if late_s >= self.worst_s:
            self._worst_s, self._at = max(0.0, late_s), self._clock()

    @property
    def worst_s(self) -> float:
        """The largest recent delay, s."""
        return self._worst_s if self._clock() - self._at < _LAG_REMEMBERED_S else 0.0

    def problem(self) -> str | None:
        """Return in one line that the event loop is blocked, None if it is not."""
        if self.worst_s < MAX_LOOP_LAG_S:
            return None
        return f"the event loop was held up for {self.worst_s:.0f} s: expected below 10 s"
