"""How long the records of a log say that each scenario and activity went on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from infra.daily_log.records import Log, LogActivity, LogScenario

Row = Literal["scenario", "activity"]


class Total(NamedTuple):
    """One label's records that it leads, and how long they last together."""

    row: Row
    label: str
    records: int
    seconds: float


def totals(log: Log) -> list[Total]:
    """Return scenarios and then activities, the longest first; records without a label are out."""
    return [*_of("scenario", log.scenarios), *_of("activity", log.activities)]


def _of(row: Row, records: list[LogScenario] | list[LogActivity]) -> list[Total]:
    counts: Counter[str] = Counter()
    lasted_ns: Counter[str] = Counter()
    for record in records:
        if record.leading:
            counts[record.leading] += 1
            lasted_ns[record.leading] += record.end_ns - record.start_ns
    rows = [Total(row, label, counts[label], ns / 1e9) for label, ns in lasted_ns.items()]
    return sorted(rows, key=lambda total: (-total.seconds, total.label))
