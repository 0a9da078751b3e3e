"""`log search`: by words, or by fields."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from faust.cli import argument, option

from infra import clock
from infra.daily_log.archive import pieces
from infra.daily_log.search.fields import query_of
from infra.daily_log.search.finding import Hit, continued, find
from infra.daily_log.search.log_days import days_of_log
from infra.daily_log.search.own_names import with_own_names
from infra.daily_log.time_expressions.when import ALWAYS
from models.labels import NAMES_BY_KIND
from schemas.event_time import iso
from streams.commands.log.span import FROM, TO, LogCommandError, span_of
from streams.commands.log.store import open_store, refuse_unknown
from streams.commands.tables import table

if TYPE_CHECKING:
    from infra.daily_log.records import DeviceSummary
    from infra.daily_log.search.query import LogQuery
    from infra.daily_log.store import LogStore
    from schemas import Correction
    from streams.commands.groups import ActionGroup
    from streams.engine.app import EgoLogApp

_SEARCHED = (
    ("scenario", "Name of a scenario."),
    ("activity", "Name of an activity."),
    ("sound", "Name of a sound event."),
    ("where", "near, far, front, left, right, back; several with commas."),
    ("confidence-from", "Least confidence, 0 to 1."),
    ("confidence-below", "Confidence that is not reached, 0 to 1."),
    ("note", "Part of a note."),
    ("worn", "Where the device was worn: head, ear, glasses, pocket, wrist, waist."),
)


class Found(NamedTuple):
    """What of a device's log was found; `device` is None where it has no log."""

    hits: list[Hit]
    device: DeviceSummary | None


def register(group: ActionGroup, app: EgoLogApp) -> None:
    """Add `log search`."""

    @group.action(
        "search",
        argument("device"),
        argument("words", nargs=-1, metavar="WORD"),
        FROM,
        TO,
        *(option(f"--{name}", help=text) for name, text in _SEARCHED),
        option("--zone", default="UTC", help="Time zone of days and hours."),
    )
    async def search(
        device: str,
        words: tuple[str, ...],
        from_: str | None,
        to: str | None,
        zone: str,
        **given: str | None,
    ) -> None:
        """Search a device's log: `log search glasses clapping near yesterday afternoon`.

        Times are said as "today", "last Tuesday", "25 November", "between 8 and 10", "since 18:00".
        """
        asked = {"words": " ".join(words), "zone": zone}
        asked |= {name: value for name, value in given.items() if value is not None}
        async with open_store(app) as store:
            await refuse_unknown(store, device)
            query = _query(asked, await store.corrections(device, *ALWAYS))
            found = await _find(store, device, query, *span_of(from_, to))
        _print(found, query, zone)


def _query(asked: dict[str, str], said: list[Correction]) -> LogQuery:
    """Return what is searched for; raises `InfraError` where that is nothing or unclear."""
    query = query_of(asked, with_own_names(NAMES_BY_KIND, said), clock.now_ns())
    if not query.asks:
        raise LogCommandError(
            f"search is for {asked['words']!r}; expected a scenario, activity, sound, place or time"
        )
    return query


async def _find(store: LogStore, device: str, query: LogQuery, from_ns: int, to_ns: int) -> Found:
    hits: list[Hit] = []
    async for piece in pieces(store, device, *query.within(from_ns, to_ns), query.may_be_in):
        hits = continued(hits, find(piece.log, query, piece.from_ns, piece.to_ns))
    return Found(hits, await store.device(device))


def _print(found: Found, query: LogQuery, zone: str) -> None:
    """Print the hits, and apart from them what was understood of the words."""
    rows = [
        (
            iso(hit.start_ns),
            iso(hit.end_ns),
            hit.scenario,
            ", ".join(hit.activities),
            ", ".join(hit.sounds),
        )
        for hit in found.hits
    ]
    table(("from", "to", "scenario", "activities", "sounds"), rows, empty="not found")
    if when := query.when.text(query.zone):
        print(f"searched: {when} ({zone})", file=sys.stderr)
        if not found.hits and found.device is not None:
            print(f"the log spans: {days_of_log(found.device, query.zone)}", file=sys.stderr)
    if query.unknown_words:
        print(f"nothing is known of: {', '.join(query.unknown_words)}", file=sys.stderr)
