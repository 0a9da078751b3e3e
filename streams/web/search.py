"""Search and export over HTTP, of any span and a piece at a time.

GET /api/v1/search   spans of a log by scenario, activity, sound, place, sureness, note or words
GET /api/v1/export   a span as JSON lines, as CSV, as a calendar or as Parquet
"""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

from infra import clock
from infra.daily_log.archive import lines, pieces
from infra.daily_log.calendar import to_calendar
from infra.daily_log.export import CsvTable
from infra.daily_log.parquet import ParquetTable
from infra.daily_log.records import Log
from infra.daily_log.search.finding import Hit, continued, find
from infra.daily_log.search.log_days import days_of_log
from infra.daily_log.search.query import PLACES, WORN, LogQuery
from infra.daily_log.search.words import words_of
from infra.daily_log.time_expressions.errors import TimeExpressionError
from models.labels import ACTIVITIES, SCENARIOS, SOUND_EVENTS
from schemas.event_time import iso
from schemas.extras import MissingExtraError
from schemas.frames import NS
from schemas.message import END_OF_TIME_NS
from schemas.time_zone import time_zone
from streams.web import parameters
from streams.web.parameters import ParameterError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from zoneinfo import ZoneInfo

    from infra.daily_log.records import DeviceSummary, LogScenario
    from infra.daily_log.store import LogStore
    from schemas import Correction

MAX_HITS = 200
# A search stops after this and continues with the request for `next`.
SEARCH_S = 5.0
NAMES = {"scenario": SCENARIOS, "activity": ACTIVITIES, "sound": SOUND_EVENTS}
SEARCH = (
    *("device", "from", "to", "words", "scenario", "activity", "sound", "where"),
    *("confidence_from", "confidence_below", "note", "worn", "zone"),
)
EXPORT = ("device", "from", "to", "format", "zone")
EXPORT_TYPES = {
    "jsonl": "application/jsonl",
    "csv": "text/csv",
    "ics": "text/calendar",
    "parquet": "application/vnd.apache.parquet",
}


class SearchViews:
    """The handlers; `device` raises 404 if a device has no log."""

    def __init__(
        self,
        store: Callable[[], LogStore],
        device: Callable[[str], Awaitable[DeviceSummary]],
    ) -> None:
        self._store = store
        self._device = device

    async def search(self, request: web.Request) -> web.Response:
        """Return `{hits, next, when, log_days, unknown_words}`.

        `next` is where to continue, null at the end; `when` is how the words of a time were read,
        `log_days` which days the log spans, both in words.
        """
        asked = request.query
        parameters.refuse_unknown(asked, SEARCH)
        device = await self._device(parameters.device_id(asked))
        span = parameters.span(asked, device, END_OF_TIME_NS)
        query = query_of(asked, clock.now_ns())
        if not query.asks:
            raise ParameterError("words", asked.get("words"), "something to search for")
        deadline = time.monotonic() + SEARCH_S
        hits: list[Hit] = []
        following: int | None = None
        first = span.from_ns if "from" in asked else min(span.from_ns, device.first_ns)
        past = max(parameters.past_end(asked, span), first + 1)
        within = query.within(first, past)
        async for piece in pieces(self._store(), device.device_id, *within, query.may_be_in):
            hits = continued(hits, find(piece.log, query, piece.from_ns, piece.to_ns))
            if len(hits) >= MAX_HITS or time.monotonic() > deadline:
                following = piece.to_ns
                break
        answer = {
            "hits": [hit_row(hit) for hit in hits],
            "next": None if following is None else iso(following),
            "when": query.when.text(query.zone),
            "log_days": days_of_log(device, query.zone),
            "unknown_words": list(query.unknown_words),
        }
        return web.json_response(answer)

    async def export(self, request: web.Request) -> web.StreamResponse:
        """Return a span as `jsonl` (for `log restore`), `csv`, `ics` or `parquet`."""
        asked = request.query
        parameters.refuse_unknown(asked, EXPORT)
        kind = asked.get("format", "jsonl")
        if kind not in EXPORT_TYPES:
            raise ParameterError("format", kind, "jsonl, csv, ics or parquet")
        table = _table(kind)
        zone = zone_of(asked) if "zone" in asked else None
        device = await self._device(parameters.device_id(asked))
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
        if table is not None:
            async for piece in pieces(self._store(), device.device_id, span.from_ns, past):
                await response.write(await asyncio.to_thread(table.add, piece.log))
            await response.write(table.end())
        elif kind == "csv":
            spreadsheet = CsvTable()
            async for piece in pieces(self._store(), device.device_id, span.from_ns, past):
                await asyncio.to_thread(spreadsheet.widen, piece.log)
            await response.write(spreadsheet.head().encode())
            async for piece in pieces(self._store(), device.device_id, span.from_ns, past):
                await response.write((await asyncio.to_thread(spreadsheet.add, piece.log)).encode())
        elif kind == "jsonl":
            async for line in lines(self._store(), device.device_id, span.from_ns, past):
                await response.write(f"{line}\n".encode())
        else:
            text = await calendar_of(self._store(), device.device_id, span.from_ns, past, zone)
            await response.write(text.encode())
        await response.write_eof()
        return response


def _table(kind: str) -> ParquetTable | None:
    """Return the table to write, None for text formats; raises `ParameterError` without pyarrow."""
    if kind != "parquet":
        return None
    try:
        return ParquetTable()
    except MissingExtraError as error:
        raise ParameterError("format", kind, f"jsonl, csv or ics, since {error}") from error


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


def zone_of(asked: Mapping[str, str]) -> ZoneInfo:
    """Return the requested time zone, by default UTC; raises `ParameterError`."""
    try:
        return time_zone(asked.get("zone", "UTC"))
    except ValueError as error:
        raise ParameterError("zone", asked.get("zone"), "a name like Europe/Berlin") from error


def query_of(asked: Mapping[str, str], now_ns: int) -> LogQuery:
    """Return the query at a present time; fields take precedence over the meaning of words."""
    zone = zone_of(asked)
    now = datetime.fromtimestamp(now_ns // NS, zone)
    try:
        meant = words_of(asked.get("words", ""), NAMES, now)
    except TimeExpressionError as error:
        raise ParameterError("words", error.text, error.expected) from error
    places = tuple(part for part in asked.get("where", "").split(",") if part)
    for place in places:
        if place not in PLACES:
            raise ParameterError("where", place, f"some of {', '.join(PLACES)}, with commas")
    worn = asked.get("worn")
    if worn is not None and worn not in WORN:
        raise ParameterError("worn", worn, f"one of {', '.join(WORN)}")
    return LogQuery(
        scenario=asked.get("scenario") or meant.scenario,
        activity=asked.get("activity") or meant.activity,
        sound=asked.get("sound") or meant.sound,
        named=tuple(
            either for either in meant.named if not any(asked.get(each.kind) for each in either)
        ),
        places=places or meant.places,
        either_place=() if places else meant.either_place,
        confidence=(_share(asked, "confidence_from", 0.0), _share(asked, "confidence_below", 1.1)),
        notes=(asked["note"],) if "note" in asked else meant.notes,
        worn=meant.worn if worn is None else (worn,),
        when=meant.when,
        zone=zone,
        unknown_words=meant.unknown_words,
    )


def _share(asked: Mapping[str, str], name: str, default: float) -> float:
    value = asked.get(name)
    if value is None:
        return default
    try:
        share = float(value)
    except ValueError as error:
        raise ParameterError(name, value, "a number from 0 to 1") from error
    if not 0.0 <= share <= 1.0:
        raise ParameterError(name, value, "a number from 0 to 1")
    return share


def hit_row(hit: Hit) -> dict[str, Any]:
    """Return a hit as JSON."""
    fields = hit._asdict()
    times = {"from": iso(hit.start_ns), "to": iso(hit.end_ns)}
    return json.loads(json.dumps({**times, **fields}))  # type: ignore[no-any-return]
