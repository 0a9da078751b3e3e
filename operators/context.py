"""The records shortly before a scenario record, as context for its refiner."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas import Scenario

# Bounds the memory of a long-running worker, whose devices come and go.
_KEPT_S = 600.0


@dataclass
class _Device:
    """A device's records, the first one's start, and the arrival of the last one, s.

    `after_ms` is the erasure of the device that they come after.
    """

    since_ns: int
    last_s: float
    after_ms: int
    records: dict[str, Scenario] = field(default_factory=dict)


class Context:
    """Each device's records of the last `span_ns` nanoseconds of event time.

    Each device's records arrive in order; a repeated one replaces the former. A device that was
    silent for ten minutes of `push`'s clock is dropped.
    """

    def __init__(self, span_ns: int) -> None:
        self._span_ns = span_ns
        # The device that has been silent longest first.
        self._devices: OrderedDict[str, _Device] = OrderedDict()

    def push(self, record: Scenario, now_s: float, after_ms: int = 0) -> list[Scenario]:
        """Add a record and return those that start less than the span before it, oldest first.

        `now_s` is the time of any monotonic clock, s. `after_ms` is the erasure of the device that
        the record comes after; those from before it are dropped.
        """
        self._forget_silent(now_s)
        known = self._devices.get(record.device_id)
        if known is not None and known.after_ms < after_ms:
            del self._devices[record.device_id]
        device = self._devices.setdefault(
            record.device_id, _Device(record.start_ns, now_s, after_ms)
        )
        self._devices.move_to_end(record.device_id)
        device.last_s = now_s
        oldest, records = record.start_ns - self._span_ns, device.records
        before = [r for r in records.values() if oldest <= r.start_ns < record.start_ns]
        # Embeddings are the bulk of a record, and not part of prompts.
        records[record.window_id] = record.model_copy(update={"embeddings": None})
        for window_id in [name for name, r in records.items() if r.start_ns < oldest]:
            del records[window_id]
        return sorted(before, key=lambda r: (r.start_ns, r.window_id))

    def since_ns(self, device_id: str) -> int | None:
        """Return the event time from which a device's records are known here, None if never."""
        device = self._devices.get(device_id)
        return None if device is None else device.since_ns

    def recall(self, record: Scenario, earlier: Iterable[Scenario]) -> None:
        """Add records of the span before a record from elsewhere, which is then complete.

        Records that are already here are kept.
        """
        device = self._devices.get(record.device_id)
        if device is not None:
            device.records = {each.window_id: each for each in earlier} | device.records
            device.since_ns = min(device.since_ns, record.start_ns - self._span_ns)

    def reaches_back(self, record: Scenario) -> bool:
        """Return whether this worker has seen the whole span before a record.

        It has not shortly after a start, a silence, or the takeover of the device from another
        worker.
        """
        device = self._devices.get(record.device_id)
        since_ns = record.start_ns if device is None else device.since_ns
        return since_ns <= record.start_ns - self._span_ns

    def _forget_silent(self, now_s: float) -> None:
        while self._devices and next(iter(self._devices.values())).last_s < now_s - _KEPT_S:
            self._devices.popitem(last=False)
