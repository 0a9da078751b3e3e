"""Search over HTTP, of any span and a piece at a time.

GET /api/v1/search   spans of a log by scenario, activity, sound, place, sureness, note or words
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from infra import clock
from infra.daily_log.archive import pieces
from infra.daily_log.search.fields import SearchFieldError, query_of
from infra.daily_log.search.finding import Hit, continued, find
from infra.daily_log.search.log_days import days_of_log
from infra.daily_log.search.own_names import with_own_names
from infra.daily_log.time_expressions.when import ALWAYS
from models.labels import NAMES_BY_KIND
from schemas.event_time import iso
from schemas.message import END_OF_TIME_NS
from streams.web import parameters
from streams.web.parameters import ParameterError

if TYPE_CHECKING:
    from streams.web.logs import Logs

MAX_HITS = 200
# A search stops after this and continues with the request for `next`.
SEARCH_S = 5.0
SEARCH = (
    *("device", "from", "to", "words", "scenario", "activity", "sound", "where"),
    *("confidence_from", "confidence_below", "note", "worn", "zone"),
)


@dataclass(frozen=True)
class SearchView:
    """The handler."""

    logs: Logs

    async def search(self, request: web.Request) -> web.Response:
        """Return `{hits, next, when, log_days, unknown_words}`.

        `next` is where to continue, null at the end; `when` is how the words of a time were read,
        `log_days` which days the log spans, both in words.
        """
        asked = request.query
        parameters.refuse_unknown(asked, SEARCH)
        device = await self.logs.device(parameters.device_id(asked))
        span = parameters.span(asked, device, END_OF_TIME_NS)
        said = await self.logs.store().corrections(device.device_id, *ALWAYS)
        try:
            query = query_of(asked, with_own_names(NAMES_BY_KIND, said), clock.now_ns())
        except SearchFieldError as error:
            raise ParameterError(error.field, error.value, error.expected) from error
        if not query.asks:
            raise ParameterError(
                "words", asked.get("words"), "a scenario, activity, sound, place or time"
            )
        deadline = time.monotonic() + SEARCH_S
        hits: list[Hit] = []
        following: int | None = None
        first = span.from_ns if "from" in asked else min(span.from_ns, device.first_ns)
        past = max(parameters.past_end(asked, span), first + 1)
        within = query.within(first, past)
        async for piece in pieces(self.logs.store(), device.device_id, *within, query.may_be_in):
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


def hit_row(hit: Hit) -> dict[str, Any]:
    """Return a hit as JSON."""
    fields = hit._asdict()
    times = {"from": iso(hit.start_ns), "to": iso(hit.end_ns)}
    return json.loads(json.dumps({**times, **fields}))  # type: ignore[no-any-return]
