"""What came shortly before a scenario record, for who has to judge it."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas import Scenario

# A record has some twenty kilobytes without its embeddings: what a silent device said is let go.
_KEPT_S = 600.0


class Context:
    """Each device's records of the last `span_ns` nanoseconds of event time.

    Records come in the order of each device; one that comes again replaces itself. Nothing is kept
    of a device that was silent for ten minutes of `push`'s clock.
    """

    def __init__(self, span_ns: int) -> None:
        self._span_ns = span_ns
        # The longest silent first.
        self._devices: OrderedDict[str, dict[str, Scenario]] = OrderedDict()
        self._since: dict[str, int] = {}
        self._heard_s: dict[str, float] = {}

    def push(self, record: Scenario, now_s: float) -> list[Scenario]:
        """Keep a record and return those that start less than the span before it, oldest first.

        `now_s` is the time of any clock that never steps back, s.
        """
        self._forget_silent(now_s)
        records = self._devices.setdefault(record.device_id, {})
        self._since.setdefault(record.device_id, record.start_ns)
        self._devices.move_to_end(record.device_id)
        self._heard_s[record.device_id] = now_s
        oldest = record.start_ns - self._span_ns
        before = [r for r in records.values() if oldest <= r.start_ns < record.start_ns]
        # Embeddings are the bulk of a record, and no prompt holds them.
        records[record.window_id] = record.model_copy(update={"embeddings": None})
        for window_id in [name for name, r in records.items() if r.start_ns < oldest]:
            del records[window_id]
        return sorted(before, key=lambda r: (r.start_ns, r.window_id))

    def _forget_silent(self, now_s: float) -> None:
        while self._devices:
            device_id = next(iter(self._devices))
            if self._heard_s[device_id] >= now_s - _KEPT_S:
                break
            del self._devices[device_id], self._since[device_id], self._heard_s[device_id]

    def reaches_back(self, record: Scenario) -> bool:
        """Return whether what came before a record was all seen here, and not by somebody else.

        It was not just after a start or a silence, or after the device was taken over from another
        worker.
        """
        since = self._since.get(record.device_id, record.start_ns)
        return since <= record.start_ns - self._span_ns
