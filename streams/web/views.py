"""The addresses of the page: the static files, the log, health and metrics.

GET /                 the page (and its files under /static/)
GET /sensor           a phone's browser as a device; its frames come over /api/v1/sensor
GET /api/devices      devices with what their logs span, by id; `after` and `limit` page them
GET /api/log          one device's records in full, JSON or CSV
GET /api/timeline     the same as the page draws it, or only what changed since a revision
GET /api/v1/hours     the same by the hour, without evidence: what the page draws of a day or month
GET /settings         a device's pause and quiet hours, which /api/v1/settings tells and takes
GET /api/v1/live      what is heard and done now
GET /api/v1/window    one time's records, with all that they were judged by
GET /api/v1/search    spans of a log by what they hold; /api/v1/export is a span as it is restored
GET /api/v1/notifications   who is told of what, and what was told
GET /api/v1/ask       whether a language model answers questions; POST asks one
GET /api/openapi.json all of these, described for programs
GET /api/health       200 while the worker is alive and ready, else 503 (`streams.web.health`)
GET /metrics          Prometheus text
POST /login           takes the token of the login page; /logout forgets who logged in
"""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

from aiohttp import web
from faust.web.base import BlueprintManager
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

from infra import clock
from infra.daily_log.export import to_csv, to_json
from infra.daily_log.store import LogStore
from infra.kept_features import KeptFeatures
from infra.model_store.history import Attempt
from infra.notifications.rules_file import NotificationPlan
from infra.settings import Settings
from schemas import Correction, Frame
from schemas.event_time import NS_PER_MS
from streams.web import parameters
from streams.web.access import Access
from streams.web.connections import Connections, GuardedSite
from streams.web.corrections import CorrectionViews
from streams.web.corrections import rows as correction_rows
from streams.web.evidence import CONTEXT_NS, evidence, picture
from streams.web.guard import LOGIN, NotReadyError, guard, harden
from streams.web.health import HealthViews, NoVitals
from streams.web.hours import Hours
from streams.web.live import LiveViews
from streams.web.login import LoginViews
from streams.web.notifications import NotificationViews
from streams.web.openapi import description
from streams.web.questions import QuestionViews
from streams.web.search import SearchViews
from streams.web.sensor import SensorViews
from streams.web.settings import DeviceDecisions, SettingsViews
from streams.web.timeline import SMOOTHING_NS, timeline
from streams.web.writing import OWN_HOSTS

if TYPE_CHECKING:
    from infra.daily_log.records import DeviceSummary
    from infra.llm import Llm
    from streams.web.health import Vitals

UNSURE_BELOW: float = Settings.model_fields["activity_unsure_below"].default

EVERYBODY = Access()
NO_PLAN = NotificationPlan((), {})
UNDECIDED = DeviceDecisions()

GetStore = Callable[[], LogStore | None]
Publish = Callable[[Correction], Awaitable[None]]
Attempts = Callable[[], Awaitable[Sequence[Attempt]]]
PublishFrame = Callable[[str, Frame], Awaitable[None]]
LanguageModel = Callable[[], "tuple[Llm, str] | None"]

_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


def register(
    app: Any,
    get_store: GetStore,
    *,
    registry: CollectorRegistry = REGISTRY,
    access: Access = EVERYBODY,
    connections: Connections | None = None,
    vitals: Vitals | None = None,
    unsure_below: float = UNSURE_BELOW,
    publish: Publish | None = None,
    attempts: Attempts | None = None,
    publish_frame: PublishFrame | None = None,
    plan: NotificationPlan = NO_PLAN,
    llm: LanguageModel = lambda: None,
    decisions: DeviceDecisions = UNDECIDED,
) -> None:
    """Serve the page from the Faust app's own web server, and nothing of Faust's own pages.

    get_store: the store; None or a `RuntimeError` while the worker is still connecting.
    access: who may ask. connections: how many connections there may be, and how long each waits.
    vitals: what the worker knows of its health.
    unsure_below: activities less likely than this go by their description (`operators.naming`).
    publish: publishes a correction; without it nobody can correct the log here.
    attempts: the revisions that were tried, the oldest first.
    publish_frame: publishes a frame of a phone (`streams.web.sensor`).
    plan: who is told of what.
    llm: the language model that answers questions, with its name.
    decisions: what is decided about devices.
    """
    # Faust's /table and /router pages show keys and assignments to whoever asks.
    app.web.blueprints = BlueprintManager()
    if connections is not None:
        app.web.web_app.middlewares.append(connections.middleware)
        app.web._transport_handlers["tcp"] = lambda: GuardedSite(
            app.web._runner, app.conf.web_bind, app.conf.web_port, connections
        )
    install(
        app.web.web_app,
        get_store,
        registry=registry,
        access=access,
        vitals=vitals,
        unsure_below=unsure_below,
        publish=publish,
        attempts=attempts,
        publish_frame=publish_frame,
        plan=plan,
        llm=llm,
        decisions=decisions,
    )


def install(
    application: web.Application,
    get_store: GetStore,
    *,
    registry: CollectorRegistry = REGISTRY,
    access: Access = EVERYBODY,
    vitals: Vitals | None = None,
    unsure_below: float = UNSURE_BELOW,
    publish: Publish | None = None,
    attempts: Attempts | None = None,
    publish_frame: PublishFrame | None = None,
    plan: NotificationPlan = NO_PLAN,
    llm: LanguageModel = lambda: None,
    decisions: DeviceDecisions = UNDECIDED,
) -> None:
    """Add the addresses and the guard to any aiohttp application."""
    views = Views(get_store, registry, unsure_below, decisions)
    health = HealthViews(views.store, vitals or NoVitals())
    login = LoginViews(access)
    corrections = CorrectionViews(views.store, views.device, publish, attempts)
    search = SearchViews(views.store, views.device)
    notifications = NotificationViews(views.store, plan)
    questions = QuestionViews(views.store, views.device, llm)
    settings = SettingsViews(views.device, decisions)
    application.middlewares.append(guard(access))
    application.on_response_prepare.append(harden)
    application[OWN_HOSTS] = frozenset(access.hosts)
    application.add_routes(
        [
            web.get("/", views.page),
            web.get("/sensor", views.sensor),
            web.get("/settings", views.settings),
            web.get("/static/{name}", views.static),
            web.get("/api/devices", views.devices),
            web.get("/api/log", views.log),
            web.get("/api/timeline", views.timeline),
            web.get("/api/v1/hours", views.hours),
            web.get("/api/v1/window", views.window),
            web.get("/api/v1/live", LiveViews(views.store, views.device).state),
            web.get("/api/v1/corrections", corrections.list),
            web.post("/api/v1/corrections", corrections.change),
            web.get("/api/v1/learned", corrections.learned),
            web.get("/api/v1/search", search.search),
            web.get("/api/v1/export", search.export),
            web.get("/api/v1/sensor", SensorViews(publish_frame).connect),
            web.get("/api/v1/settings", settings.show),
            web.post("/api/v1/settings", settings.change),
            web.get("/api/v1/notifications", notifications.list),
            web.post("/api/v1/notifications/test", notifications.test),
            web.get("/api/v1/ask", questions.state),
            web.post("/api/v1/ask", questions.ask),
            web.get("/api/openapi.json", views.openapi),
            web.get("/api/health", health.health),
            web.get("/api/health/live", health.live),
            web.get("/api/health/ready", health.ready),
            web.get("/metrics", views.metrics),
            web.post(LOGIN, login.login),
            web.post("/logout", login.logout),
        ]
    )


class Views:
    """The handlers; all they share is where the store and the metrics are."""

    def __init__(
        self,
        get_store: GetStore,
        registry: CollectorRegistry,
        unsure_below: float,
        decisions: DeviceDecisions,
    ) -> None:
        self._unsure_below = unsure_below
        self._decisions = decisions
        self._get_store = get_store
        self._registry = registry
        self._files = _static_files()

    async def page(self, request: web.Request) -> web.Response:
        """Return the page."""
        return self._file(request, "index.html")

    async def sensor(self, request: web.Request) -> web.Response:
        """Return the page that makes a phone a device."""
        return self._file(request, "sensor.html")

    async def settings(self, request: web.Request) -> web.Response:
        """Return the page of what a wearer decides about a device."""
        return self._file(request, "settings.html")

    async def static(self, request: web.Request) -> web.Response:
        """Return one of the page's files; names are looked up, never joined to a path."""
        return self._file(request, request.match_info["name"])

    async def devices(self, request: web.Request) -> web.Response:
        """Return `[{device_id, first_ns, last_ns, scenarios, activities, first, last}]`, by id.

        At most `limit` of them, those that follow `after`; a Link header names the next page.
        """
        query = request.query
        parameters.refuse_unknown(query, ("after", "limit"))
        limit = parameters.limit(query)
        page = await self.store().page(query.get("after", ""), limit)
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
        device = await self.device(parameters.device_id(query))
        span = parameters.span(query, device)
        log = await self.store().read(device.device_id, span.from_ns, span.to_ns)
        if kind == "json":
            return _response(await asyncio.to_thread(to_json, log), "application/json")
        response = _response(await asyncio.to_thread(to_csv, log), "text/csv")
        begin = parameters.iso(span.from_ns)[:10]
        name = f"egolog-{device.device_id.replace(':', '_')}-{begin}.csv"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    async def timeline(self, request: web.Request) -> web.Response:
        """Return what the page draws of [from, to), or only what changed `since` a revision.

        `from_ms` says from where on the answer replaces what the page has; it is null when nothing
        changed. `silent_s` is for how many seconds of wall time nothing came in.
        """
        query = request.query
        parameters.refuse_unknown(query, ("device", "from", "to", "since"))
        since = parameters.revision(query)
        store = self.store()
        device = await self.device(parameters.device_id(query))
        span = parameters.span(query, device)
        # Asked before the records are read: a write in between comes again, and is never missed.
        changes = await store.changes(device.device_id, since)
        answer = {
            **_summary(device),
            "revision": changes.revision,
            "silent_s": max(0.0, _wall_ms() - changes.revision) / 1_000,
            "from_ms": None,
        }
        if changes.from_ns is None or changes.from_ns >= span.to_ns:
            empty: dict[str, Any] = {
                "scenarios": [],
                "activities": [],
                "names": [],
                "added": [],
                "corrections": [],
            }
            return _json({**answer, **empty})
        from_ns = max(span.from_ns, changes.from_ns if since else 0)
        log = await store.read(device.device_id, max(from_ns - SMOOTHING_NS, 0), span.to_ns)
        every = await store.corrections(device.device_id, span.from_ns, span.to_ns)
        answer |= {"from_ms": from_ns // NS_PER_MS, "corrections": correction_rows(every)}
        text = await asyncio.to_thread(
            lambda: json.dumps({**answer, **timeline(log, from_ns, self._unsure_below)})
        )
        return _response(text, "application/json")

    async def hours(self, request: web.Request) -> web.Response:
        """Return the hours that touch [from, to) and changed `since` a revision (`Hours`).

        `complete` is false where more have to be asked for, again with the same `since`; what is
        answered then is kept. `corrections` is null where nothing changed. `wanted` are the times
        of which nothing was to be recorded, [start, end, why], `recording` whether it is now.
        """
        query = request.query
        parameters.refuse_unknown(query, ("device", "from", "to", "since", "detail"))
        since = parameters.revision(query)
        brief = parameters.detail(query) == "brief"
        store = self.store()
        device = await self.device(parameters.device_id(query))
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
            "silent_s": max(0.0, _wall_ms() - changes.revision) / 1_000,
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
        """Return what was judged of a time and by what (`evidence`)."""
        query = request.query
        parameters.refuse_unknown(query, ("device", "at"))
        device = await self.device(parameters.device_id(query))
        at_ns = parameters.time_of(query, "at")
        store = self.store()
        log = await store.read(device.device_id, max(0, at_ns - CONTEXT_NS), at_ns + CONTEXT_NS)
        every = await store.corrections(device.device_id, at_ns, at_ns + 1)
        answer = evidence(log, at_ns, self._unsure_below)
        start_ns = next((r.start_ns for r in log.scenarios if r.start_ns <= at_ns < r.end_ns), None)
        if start_ns is not None:
            kept = await KeptFeatures.of(store).read(device.device_id, start_ns)
            answer["scenario"] |= picture(kept)
        return _json({**answer, "corrections": correction_rows(every)})

    async def openapi(self, request: web.Request) -> web.Response:  # noqa: ARG002 - the signature is its protocol's
        """Return the description of this interface."""
        return _json(description())

    async def metrics(self, request: web.Request) -> web.Response:  # noqa: ARG002 - the signature is its protocol's
        """Return the registry in Prometheus' text format."""
        body = generate_latest(self._registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    def store(self) -> LogStore:
        """Return the log's store; raises `NotReadyError` while the worker still connects."""
        early = NotReadyError("the worker is still connecting to the log store")
        try:
            store = self._get_store()
        except RuntimeError as error:
            raise early from error
        if store is None:
            raise early
        return store

    async def device(self, device_id: str) -> DeviceSummary:
        """Return what a device's log spans; answers 404 where it has none."""
        device = await self.store().device(device_id)
        if device is None:
            raise web.HTTPNotFound(reason=f"device {device_id[:64]!r} has no log")
        return device

    def _file(self, request: web.Request, name: str) -> web.Response:
        if name not in self._files:
            raise web.HTTPNotFound(reason="no such file")
        file = self._files[name]
        headers = {
            "ETag": f'"{file.etag}"',
            "Cache-Control": "no-cache",
            "Vary": "Accept-Encoding",
        }
        if any(tag.value in (file.etag, "*") for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        body = file.body
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            body, headers["Content-Encoding"] = file.packed, "gzip"
        return web.Response(body=body, content_type=file.kind, charset="utf-8", headers=headers)


class _File(NamedTuple):
    """A static file, packed once: a page asks for twenty of them at a time."""

    body: bytes
    packed: bytes
    kind: str
    etag: str

    @classmethod
    def of(cls, body: bytes, kind: str) -> _File:
        packed = gzip.compress(body, compresslevel=9, mtime=0)
        return cls(body, packed, kind, sha256(body).hexdigest()[:16])


@cache
def _static_files() -> dict[str, _File]:
    files = {}
    for file in resources.files("streams.web").joinpath("static").iterdir():
        kind = _TYPES.get(f".{file.name.rpartition('.')[2]}")
        if kind is not None:
            files[file.name] = _File.of(file.read_bytes(), kind)
    return files


def _wall_ms() -> int:
    return clock.now_ns() // 1_000_000


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
