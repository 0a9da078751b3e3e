"""The wearer's corrections over HTTP: list, change, and the revisions that learned from them.

GET  /api/v1/corrections   every correction that touches a span, also those taken back
POST /api/v1/corrections   one change (`infra.daily_log.change_request.Change`)
GET  /api/v1/learned       the revisions that learned from corrections, before and after
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import web

from infra.daily_log.change_request import Change
from infra.daily_log.corrections import in_force, in_order
from infra.daily_log.editing import LogEditor, correction_line
from models.labels import ACTIVITIES, SCENARIOS
from schemas.event_time import NS_PER_MS
from schemas.message import END_OF_TIME_NS
from streams.web import parameters
from streams.web.guard import NotReadyError
from streams.web.timeline import correction_row
from streams.web.writing import body_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from infra.model_store.history import Attempt
    from schemas import Correction
    from streams.web.logs import Logs

_MAX_REVISIONS = 10


class CorrectionViews:
    """The handlers; `publish` returns once the broker has the correction."""

    def __init__(
        self,
        logs: Logs,
        publish: Callable[[Correction], Awaitable[None]] | None,
        attempts: Callable[[], Awaitable[Sequence[Attempt]]] | None,
    ) -> None:
        self._logs = logs
        self._publish = publish
        self._attempts = attempts
        # Of two at once, the second sees what the first changed.
        self._changing = asyncio.Lock()

    async def list(self, request: web.Request) -> web.Response:
        """Return the corrections that touch [from, to), the newest first."""
        query = request.query
        parameters.refuse_unknown(query, ("device", "from", "to"))
        device = await self._logs.device(parameters.device_id(query))
        span = parameters.span(query, device)
        past = parameters.past_end(query, span)
        every = await self._logs.store().corrections(device.device_id, span.from_ns, past)
        return web.json_response(rows(every))

    async def change(self, request: web.Request) -> web.Response:
        """Change the log; responds with the change once it is published and applied."""
        if self._publish is None:
            raise NotReadyError("this worker has no broker to publish a correction to")
        change = Change.parse(await body_of(request))
        await self._logs.device(change.device)
        editor = LogEditor(
            self._logs.store(), self._publish, {"scenario": SCENARIOS, "activity": ACTIVITIES}
        )
        async with self._changing:
            correction = await editor.change(change)
        row = correction_row(correction, standing=True)
        return web.json_response({**row, "text": correction_line(correction)}, status=201)

    async def learned(self, request: web.Request) -> web.Response:
        """Return the number of corrections and the revisions that learned from corrections."""
        query = request.query
        parameters.refuse_unknown(query, ("device",))
        device = await self._logs.device(parameters.device_id(query))
        every = await self._logs.store().corrections(device.device_id, 0, END_OF_TIME_NS)
        standing = [each for each in in_force(every) if each.names and each.row == "scenario"]
        attempts = [] if self._attempts is None else await self._attempts()
        return web.json_response(
            {
                "corrections": len(standing),
                "newest": max((each.created_ns // NS_PER_MS for each in standing), default=None),
                "revisions": [
                    _revision(each)
                    for each in reversed(attempts)
                    if each.after.get("wearer_windows")
                ][:_MAX_REVISIONS],
            }
        )


def rows(every: Sequence[Correction]) -> list[dict[str, Any]]:
    """Return corrections as the page lists them, the newest first."""
    standing = {each.correction_id for each in in_force(every)}
    taken_back = {each.undoes for each in every}
    return [
        correction_row(
            each,
            standing=each.correction_id in standing
            or (each.undoes is not None and each.correction_id not in taken_back),
        )
        for each in reversed(in_order(every))
    ]


def _revision(attempt: Attempt) -> dict[str, Any]:
    return {
        "revision": attempt.revision,
        "state": attempt.state,
        "created": attempt.created_ns // NS_PER_MS,
        "reason": attempt.reason,
        "windows": round(attempt.after["wearer_windows"]),
        "f1_before": round(attempt.before.get("wearer_f1", 0.0), 3),
        "f1_after": round(attempt.after.get("wearer_f1", 0.0), 3),
    }
