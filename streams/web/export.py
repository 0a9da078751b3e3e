"""Export over HTTP, of any span.

GET /api/v1/export   a span as JSON lines, as CSV, as a calendar or as Parquet
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from infra.daily_log.archive import lines
from infra.daily_log.parquet import ParquetTable
from infra.daily_log.span_export import calendar_of, csv_parts, parquet_parts
from schemas.extras import MissingExtraError
from schemas.message import END_OF_TIME_NS
from streams.web import parameters
from streams.web.parameters import ParameterError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from streams.web.logs import Logs

EXPORT = ("device", "from", "to", "format", "zone")
EXPORT_TYPES = {
    "jsonl": "application/jsonl",
    "csv": "text/csv",
    "ics": "text/calendar",
    "parquet": "application/vnd.apache.parquet",
}


@dataclass(frozen=True)
class ExportView:
    """The handler."""

    logs: Logs

    async def export(self, request: web.Request) -> web.StreamResponse:
        """Return a span as `jsonl` (for `log restore`), `csv`, `ics` or `parquet`."""
        asked = request.query
        parameters.refuse_unknown(asked, EXPORT)
        kind = asked.get("format", "jsonl")
        if kind not in EXPORT_TYPES:
            raise ParameterError("format", kind, "jsonl, csv, ics or parquet")
        table = _table(kind)
        zone = parameters.zone(asked) if "zone" in asked else None
        device = await self.logs.device(parameters.device_id(asked))
        span = parameters.span(asked, device, END_OF_TIME_NS)
        past = parameters.past_end(asked, span)
        name = f"egolog-{device.device_id.replace(':', '_')}.{kind}"
        response = web.StreamResponse(
            headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )
        response.content_type = EXPORT_TYPES[kind]
        if table is None:
            response.charset = "utf-8"
            response.enable_compression()
        await response.prepare(request)
        of_log = (self.logs.store(), device.device_id, span.from_ns, past)
        if table is not None:
            async for part in parquet_parts(table, *of_log):
                await response.write(part)
        elif kind == "ics":
            await response.write((await calendar_of(*of_log, zone)).encode())
        else:
            async for text in csv_parts(*of_log) if kind == "csv" else _ended(lines(*of_log)):
                await response.write(text.encode())
        await response.write_eof()
        return response


async def _ended(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    async for line in lines:
        yield f"{line}\n"


def _table(kind: str) -> ParquetTable | None:
    """Return the table to write, None for text formats; raises `ParameterError` without pyarrow."""
    if kind != "parquet":
        return None
    try:
        return ParquetTable()
    except MissingExtraError as error:
        raise ParameterError("format", kind, f"jsonl, csv or ics, since {error}") from error
