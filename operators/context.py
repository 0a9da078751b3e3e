"""The records shortly before a scenario record, for whoever refines it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas import Scenario

# Devices come and go for as long as a worker runs.
_KEPT_S = 600.0


@dataclass
class _Heard:
    """A device's records, the very first of them, and when its last one came, s."""

    since_ns: int
    last_s: float
    records: dict[str, Scenario] = field(default_factory=dict)


class Context:
    """Each device's records of the last `span_ns` nanoseconds of event time.

    Each device's records come in order; one that comes again replaces the former. A device that was
    silent for ten minutes of `push`'s clock is forgotten.
    """

    def __init__(self, span_ns: int) -> None:
        self._span_ns = span_ns
        # The longest silent first.
        self._devices: OrderedDict[str, _Heard] = OrderedDict()

    def push(self, record: Scenario, now_s: float) -> list[Scenario]:
        """Keep a record and return those that start less than the span before it, oldest first.

        `now_s` is the time of any clock that never steps back, s.
        """
        self._forget_silent(now_s)
        heard = self._devices.setdefault(record.device_id, _Heard(record.start_ns, now_s))
        self._devices.move_to_end(record.device_id)
        heard.last_s = now_s
        oldest, records = record.start_ns - self._span_ns, heard.records
        before = [r for r in records.values() if oldest <= r.start_ns < record.start_ns]
        # Embeddings are the bulk of a record, and no prompt holds them.
        records[record.window_id] = record.model_copy(update={"embeddings": None})
        for window_id in [name for name, r in records.items() if r.start_ns < oldest]:
            del records[window_id]
        return sorted(before, key=lambda r: (r.start_ns, r.window_id))

    def since_ns(self, device_id: str) -> int | None:
        """Return the event time from which a device's records are known here, None if never."""
        heard = self._devices.get(device_id)
        return None if heard is None else heard.since_ns

    def recall(self, record: Scenario, earlier: Iterable[Scenario]) -> None:
        """Keep what somebody else knows of the span before a record, so that it is known from now.

        What was said here stands.
        """
        heard = self._devices.get(record.device_id)
        if heard is not None:
            heard.records = {each.window_id: each for each in earlier} | heard.records
            heard.since_ns = min(heard.since_ns, record.start_ns - self._span_ns)

    def reaches_back(self, record: Scenario) -> bool:
        """Return whether this worker itself has seen everything before a record.

        It has not shortly after a start or a silence, or after it took the device over from another
        worker.
        """
        heard = self._devices.get(record.device_id)
        since_ns = record.start_ns if heard is None else heard.since_ns
        return since_ns <= record.start_ns - self._span_ns

    def _forget_silent(self, now_s: float) -> None:
        while self._devices and next(iter(self._devices.values())).last_s < now_s - _KEPT_S:
            self._devices.popitem(last=False)
