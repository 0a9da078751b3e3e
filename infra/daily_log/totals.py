"""Total duration of each scenario and activity in a log."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from infra.daily_log.corrections import AddedSpan
    from infra.daily_log.records import Log, LogActivity, LogScenario
    from schemas.correction import Row


class Total(NamedTuple):
    """A label, the number of records it leads, and their total duration."""

    row: Row
    label: str
    records: int
    seconds: float


def totals(log: Log, added: Iterable[AddedSpan] = ()) -> list[Total]:
    """Return scenarios, then activities, the longest first, without unlabelled records.

    Each of the `added` spans counts as one record.
    """
    by_row: dict[Row, list[LogScenario | LogActivity | AddedSpan]] = {
        "scenario": [*log.scenarios],
        "activity": [*log.activities],
    }
    for each in added:
        by_row[each.row].append(each)
    return [total for row, records in by_row.items() for total in _totals_of(row, records)]


def _totals_of(row: Row, records: Sequence[LogScenario | LogActivity | AddedSpan]) -> list[Total]:
    counts: Counter[str] = Counter()
    lasted_ns: Counter[str] = Counter()
    for record in records:
        if record.leading:
            counts[record.leading] += 1
            lasted_ns[record.leading] += record.end_ns - record.start_ns
    rows = [Total(row, label, counts[label], ns / 1e9) for label, ns in lasted_ns.items()]
    return sorted(rows, key=lambda total: (-total.seconds, total.label))
