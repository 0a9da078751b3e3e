"""A span of a stored log in each export format, read an hour at a time.

A whole log need not fit into memory, and whoever else runs in the event loop is not held up by it.
JSON lines, which a log is restored from, are of `archive`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from infra.daily_log.archive import pieces
from infra.daily_log.calendar import to_calendar
from infra.daily_log.export import CsvTable
from infra.daily_log.records import Log
from schemas.message import END_OF_TIME_NS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from zoneinfo import ZoneInfo

    from infra.daily_log.parquet import ParquetTable
    from infra.daily_log.records import LogScenario
    from infra.daily_log.store import LogStore
    from schemas import Correction


async def csv_parts(store: LogStore, device: str, from_ns: int, to_ns: int) -> AsyncIterator[str]:
    """Yield the parts of a CSV table; it is read twice, since its head has every column."""
    table = CsvTable()
    async for piece in pieces(store, device, from_ns, to_ns):
        await asyncio.to_thread(table.widen, piece.log)
    yield table.head()
    async for piece in pieces(store, device, from_ns, to_ns):
        yield await asyncio.to_thread(table.add, piece.log)


async def parquet_parts(
    table: ParquetTable, store: LogStore, device: str, from_ns: int, to_ns: int
) -> AsyncIterator[bytes]:
    """Yield the parts of a Parquet file, written by an empty `table`."""
    async for piece in pieces(store, device, from_ns, to_ns):
        yield await asyncio.to_thread(table.add, piece.log)
    yield table.end()


async def calendar_of(
    store: LogStore, device: str, from_ns: int, to_ns: int, zone: ZoneInfo | None = None
) -> str:
    """Return the calendar of a span in a time zone; it is small for any log."""
    scenarios: list[LogScenario] = []
    corrections: dict[str, Correction] = {}
    async for piece in pieces(store, device, from_ns, to_ns):
        scenarios += piece.log.scenarios
        corrections |= {each.correction_id: each for each in piece.log.corrections}
    whole = Log.of(scenarios, [], [*corrections.values()])
    ends = [record.end_ns for record in scenarios]
    # Without an end it is that of the last record or of what the wearer added after it.
    ends += [to_ns] if to_ns < END_OF_TIME_NS else [each.end_ns for each in whole.corrections]
    return to_calendar(whole, device, from_ns, max(ends, default=0), zone)
