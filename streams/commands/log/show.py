"""`log show`: a device's log in every format, or its totals."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from faust.cli import argument, option

from infra.daily_log.corrections import added_spans
from infra.daily_log.export import to_csv, to_json
from infra.daily_log.parquet import ParquetTable
from infra.daily_log.search.by_scenario import added_of_scenario, of_scenario
from infra.daily_log.span_export import calendar_of, csv_parts, parquet_parts
from infra.daily_log.totals import totals
from schemas.extras import MissingExtraError
from schemas.time_zone import EXPECTED_ZONE, time_zone
from streams.commands.log.span import FROM, TO, LogCommandError, span_of
from streams.commands.log.store import open_store, refuse_unknown
from streams.commands.tables import table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from infra.daily_log.corrections import AddedSpan
    from infra.daily_log.records import Log
    from streams.commands.groups import ActionGroup
    from streams.engine.app import EgoLogApp

_FORMATS = {"csv": to_csv, "json": to_json}


def register(group: ActionGroup, app: EgoLogApp) -> None:
    """Add `log show`."""

    @group.action(
        "show",
        argument("device"),
        option(
            "--format",
            "format_",
            metavar="[csv|json|ics|parquet]",
            default="csv",
            help="Output format.",
        ),
        FROM,
        TO,
        option("--scenario", help="Only records of this scenario, whoever named it."),
        option("--zone", help="Time zone of a calendar's events."),
        option("--summary", is_flag=True, help="Print totals by scenario and activity instead."),
    )
    async def show(
        device: str,
        format_: str,
        from_: str | None,
        to: str | None,
        scenario: str | None,
        zone: str | None,
        summary: bool,
    ) -> None:
        """Print the daily log of a device."""
        if format_ not in (*_FORMATS, "ics", "parquet"):
            raise LogCommandError(f"format is {format_!r}; expected csv, json, ics or parquet")
        span = span_of(from_, to)
        parquet = _parquet() if format_ == "parquet" else None
        async with open_store(app) as store:
            await refuse_unknown(store, device)
            if parquet is not None:
                async for part in parquet_parts(parquet, store, device, *span):
                    sys.stdout.buffer.write(part)
            elif format_ == "ics":
                print(await calendar_of(store, device, *span, _zone(zone)), end="")
            elif format_ == "csv" and scenario is None and not summary:
                async for text in csv_parts(store, device, *span):
                    print(text, end="")
            else:
                log = await store.read(device, *span)
                added = added_spans(log, *span)
                if scenario is not None:
                    log, added = of_scenario(log, scenario), added_of_scenario(added, scenario)
                if summary:
                    _print_totals(log, added)
                else:
                    print(_FORMATS[format_](log), end="")


def _print_totals(log: Log, added: Sequence[AddedSpan]) -> None:
    rows = [
        (total.row, total.label, str(total.records), _clock(total.seconds))
        for total in totals(log, added)
    ]
    table(("row", "label", "records", "time"), rows)


def _parquet() -> ParquetTable:
    if sys.stdout.isatty():
        raise LogCommandError("format parquet is no text; expected it to go to a file")
    try:
        return ParquetTable()
    except MissingExtraError as error:
        raise LogCommandError(str(error)) from error


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return None if name is None else time_zone(name)
    except ValueError as error:
        raise LogCommandError(f"--zone is {name!r}; expected {EXPECTED_ZONE}") from error


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
