"""Read access for the page and programs: the log, the metrics and the OpenAPI description."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from infra import clock
from infra.daily_log.export import to_csv, to_json
from infra.device_state.window_pictures import WindowPictures
from schemas.event_time import NS_PER_MS
from streams.web import parameters
from streams.web.corrections import rows as correction_rows
from streams.web.evidence import context_ns, evidence, picture
from streams.web.hours import Hours
from streams.web.openapi.document import description
from streams.web.timeline import SMOOTHING_NS, timeline

if TYPE_CHECKING:
    from infra.daily_log.records import DeviceSummary
    from streams.web.logs import Logs
    from streams.web.settings import DeviceDecisions


class Views:
    """The handlers, which share the logs and the metrics."""

    def __init__(
        self,
        logs: Logs,
        registry: CollectorRegistry,
        unsure_below: float,
        decisions: DeviceDecisions,
        asked_ns: int,
    ) -> None:
        self._asked_ns = asked_ns
        self._unsure_below = unsure_below
        self._decisions = decisions
        self._logs = logs
        self._registry = registry

    async def devices(self, request: web.Request) -> web.Response:
        """Return `[{device_id, first_ns, last_ns, scenarios, activities, first, last}]`, by id.

        At most `limit` of them, after the id `after`; a Link header has the next page.
        """
        query = request.query
        parameters.refuse_unknown(query, ("after", "limit"))
        limit = parameters.limit(query)
        page = await self._logs.store().page(query.get("after", ""), limit)
        response = _json([_summary(device) for device in page.devices])
        if page.last is not None:
            address = request.rel_url.with_query(after=page.last, limit=limit)
            response.headers["Link"] = f'<{address}>; rel="next"'
        return response

    async def log(self, request: web.Request) -> web.Response:
        """Return the records of one device that start in [from, to)."""
        query = request.query
        parameters.refuse_unknown(query, ("device", "from", "to", "format"))
        kind = parameters.log_format(query, request.headers.get("Accept", ""))
        device = await self._logs.device(parameters.device_id(query))
        span = parameters.span(query, device)
        past = parameters.past_end(query, span)
        log = await self._logs.store().read(device.device_id, span.from_ns, past)
        if kind == "json":
            return _response(await asyncio.to_thread(to_json, log), "application/json")
        response = _response(await asyncio.to_thread(to_csv, log), "text/csv")
        begin = parameters.iso(span.from_ns)[:10]
        name = f"egolog-{device.device_id.replace(':', '_')}-{begin}.csv"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    async def timeline(self, request: web.Request) -> web.Response:
        """Return the page's data of [from, to), or only what changed `since` a revision.

        `from_ms` is the time from which the response replaces the page's data, null if nothing
        changed. `silent_s` is the wall time in seconds since the last record, null without any.
        """
        query = request.query
        parameters.refuse_unknown(query, ("device", "from", "to", "since"))
        since = parameters.revision(query)
        store = self._logs.store()
        device = await self._logs.device(parameters.device_id(query))
        span = parameters.span(query, device)
        past = parameters.past_end(query, span)
        # Read before the records: a write in between is sent twice, and never missed.
        changes = await store.changes(device.device_id, since)
        answer = {
            **_summary(device),
            "revision": changes.revision,
            "silent_s": changes.silent_s(clock.now_ns()),
            "from_ms": None,
        }
        if changes.from_ns is None or changes.from_ns >= past:
            empty: dict[str, Any] = {
                "scenarios": [],
                "activities": [],
                "names": [],
                "added": [],
                "corrections": [],
            }
            return _json({**answer, **empty})
        from_ns = max(span.from_ns, changes.from_ns if since else 0)
        log = await store.read(device.device_id, max(from_ns - SMOOTHING_NS, 0), past)
        every = await store.corrections(device.device_id, span.from_ns, past)
        answer |= {"from_ms": from_ns // NS_PER_MS, "corrections": correction_rows(every)}
        text = await asyncio.to_thread(
            lambda: json.dumps({**answer, **timeline(log, from_ns, self._unsure_below, past)})
        )
        return _response(text, "application/json")

    async def hours(self, request: web.Request) -> web.Response:
        """Return the hours that touch [from, to) and changed `since` a revision (`Hours`).

        If `complete` is false, more have to be requested with the same `since`; those already
        computed are cached. `corrections` is null if nothing changed. `wanted` are the times when
        recording was off on purpose, [start, end, why]; `recording` is whether it is on now.
        """
        query = request.query
        parameters.refuse_unknown(query, ("device", "from", "to", "since", "detail"))
        since = parameters.revision(query)
        brief = parameters.detail(query) == "brief"
        store = self._logs.store()
        device = await self._logs.device(parameters.device_id(query))
        span = parameters.span(query, device, parameters.MAX_HOURS_NS)
        changes = await store.changes(device.device_id, since)
        texts, complete = await Hours(store, self._unsure_below).read(
            device.device_id, span.from_ns, max(span.to_ns, span.from_ns + 1), since, brief=brief
        )
        every = None
        if texts and not brief:
            spoken = await store.corrections(device.device_id, span.from_ns, span.to_ns)
            every = correction_rows(spoken)
        head = {
            **_summary(device),
            "revision": changes.revision,
            "silent_s": changes.silent_s(clock.now_ns()),
            "complete": complete,
            "corrections": every,
            "recording": self._decisions.state(device.device_id),
            "wanted": [
                (gap.start_ns // NS_PER_MS, gap.end_ns // NS_PER_MS, gap.why)
                for gap in await self._decisions.gaps(
                    store, device.device_id, span.from_ns, span.to_ns
                )
            ],
        }
        return _response(
            f'{json.dumps(head)[:-1]}, "hours": [{",".join(texts)}]}}', "application/json"
        )

    async def window(self, request: web.Request) -> web.Response:
        """Return the records of a time and their evidence (`evidence`)."""
        query = request.query
        parameters.refuse_unknown(query, ("device", "at"))
        device = await self._logs.device(parameters.device_id(query))
        at_ns = parameters.time_of(query, "at")
        store = self._logs.store()
        around_ns = context_ns(self._asked_ns)
        log = await store.read(device.device_id, max(0, at_ns - around_ns), at_ns + around_ns)
        every = await store.corrections(device.device_id, at_ns, at_ns + 1)
        answer = evidence(log, at_ns, self._unsure_below, self._asked_ns)
        start_ns = next((r.start_ns for r in log.scenarios if r.start_ns <= at_ns < r.end_ns), None)
        if start_ns is not None:
            arrays = await WindowPictures.of(store).read(device.device_id, start_ns)
            answer["scenario"] |= picture(arrays)
        return _json({**answer, "corrections": correction_rows(every)})

    async def openapi(self, request: web.Request) -> web.Response:  # noqa: ARG002 - the signature is its protocol's
        """Return the description of this interface."""
        return _json(description())

    async def metrics(self, request: web.Request) -> web.Response:  # noqa: ARG002 - the signature is its protocol's
        """Return the registry in Prometheus' text format."""
        body = generate_latest(self._registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _summary(device: DeviceSummary) -> dict[str, Any]:
    return {
        **device.model_dump(),
        "first": parameters.iso(device.first_ns),
        "last": parameters.iso(device.last_ns),
    }


def _json(value: Any) -> web.Response:
    return _response(json.dumps(value), "application/json")


def _response(text: str, kind: str) -> web.Response:
    response = web.Response(text=text, content_type=kind, charset="utf-8")
    response.enable_compression()
    return response
