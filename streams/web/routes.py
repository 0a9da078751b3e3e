"""The paths of the HTTP interface: static files, the log, health and metrics.

GET /                 the page (and its files under /static/)
GET /sensor           a phone's browser as a device; its frames come over /api/v1/sensor
GET /api/devices      devices with the spans of their logs, by id; `after` and `limit` paginate
GET /api/log          one device's records in full, JSON or CSV
GET /api/timeline     the same as the page draws it, or only what changed since a revision
GET /api/v1/hours     the same by the hour, without evidence: what the page draws of a day or month
GET /settings         a device's pause and quiet hours, read and written by /api/v1/settings
GET /api/v1/live      the live view of a device
GET /api/v1/window    the records of one time, with all their evidence
GET /api/v1/search    spans of a log by content; /api/v1/export is a span as it is restored
GET /api/v1/notifications   rules, targets and the history
GET /api/v1/ask       whether a language model answers questions; POST asks one
GET /api/openapi.json all of these, described for programs
GET /api/health       200 while the worker is alive and ready, else 503 (`streams.web.health`)
GET /metrics          Prometheus text
POST /login           takes the token of the login page; /logout deletes the cookie
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web
from faust.web.base import BlueprintManager
from prometheus_client import REGISTRY, CollectorRegistry

from infra.model_store.history import Attempt
from infra.notifications.rules_file import NotificationPlan
from infra.settings import Settings
from schemas import Correction, Frame
from schemas.frames import NS
from streams.web.access import Access
from streams.web.connections import Connections, GuardedSite
from streams.web.corrections import CorrectionViews
from streams.web.export import ExportView
from streams.web.guard import HEALTH, LOGIN, METRICS, guard, harden
from streams.web.health import HealthViews, NoVitals
from streams.web.live import LiveViews
from streams.web.login import LoginViews
from streams.web.logs import GetStore, Logs
from streams.web.notifications import NotificationViews
from streams.web.questions import QuestionViews
from streams.web.search import SearchView
from streams.web.sensor import SensorViews
from streams.web.settings import DeviceDecisions, SettingsViews
from streams.web.static_files import StaticViews
from streams.web.views import Views
from streams.web.writing import OWN_HOSTS

if TYPE_CHECKING:
    from infra.llm import Llm
    from streams.web.health import Vitals

Publish = Callable[[Correction], Awaitable[None]]
Attempts = Callable[[], Awaitable[Sequence[Attempt]]]
PublishFrame = Callable[[str, Frame], Awaitable[None]]
LanguageModel = Callable[[], "tuple[Llm, str] | None"]

NO_PLAN = NotificationPlan((), {})


@dataclass(frozen=True)
class PageSources:
    """What the HTTP interface needs from the worker.

    get_store: the store; None or a `RuntimeError` while the worker is still connecting.
    registry: the metrics. access: the access rules. vitals: the worker's state of health.
    unsure_below: activities less likely than this go by their description (`operators.naming`).
    refine_context_s: how much before a record the language model is told of.
    publish: publishes a correction; without it the log cannot be corrected here.
    attempts: the revisions that were tried, the oldest first.
    publish_frame: publishes a frame of a phone (`streams.web.sensor`).
    plan: the rules and targets of notifications.
    llm: the language model that answers questions, with its name.
    decisions: the decisions about devices.
    """

    get_store: GetStore
    registry: CollectorRegistry = REGISTRY
    access: Access = field(default_factory=Access)
    vitals: Vitals = field(default_factory=NoVitals)
    unsure_below: float = Settings.model_fields["activity_unsure_below"].default
    refine_context_s: float = Settings.model_fields["refine_context_s"].default
    publish: Publish | None = None
    attempts: Attempts | None = None
    publish_frame: PublishFrame | None = None
    plan: NotificationPlan = NO_PLAN
    llm: LanguageModel = lambda: None
    decisions: DeviceDecisions = field(default_factory=DeviceDecisions)


def register(app: Any, sources: PageSources, connections: Connections | None = None) -> None:
    """Serve the page from the Faust app's web server, without Faust's own pages.

    `connections` limits the number of connections and how long each may be idle.
    """
    # Faust's /table and /router pages show keys and assignments to everybody.
    app.web.blueprints = BlueprintManager()
    if connections is not None:
        app.web.web_app.middlewares.append(connections.middleware)
        app.web._transport_handlers["tcp"] = lambda: GuardedSite(
            app.web._runner, app.conf.web_bind, app.conf.web_port, connections
        )
    install(app.web.web_app, sources)


def install(application: web.Application, sources: PageSources) -> None:
    """Add the routes and the guard to any aiohttp application."""
    files = StaticViews()
    logs = Logs(sources.get_store)
    asked_ns = round(sources.refine_context_s * NS)
    views = Views(logs, sources.registry, sources.unsure_below, sources.decisions, asked_ns)
    health = HealthViews(logs.store, sources.vitals, sources.llm)
    login = LoginViews(sources.access)
    corrections = CorrectionViews(logs, sources.publish, sources.attempts)
    search = SearchView(logs)
    export = ExportView(logs)
    notifications = NotificationViews(logs.store, sources.plan)
    questions = QuestionViews(logs, sources.llm)
    settings = SettingsViews(logs, sources.decisions)
    application.middlewares.append(guard(sources.access, sources.vitals.problem))
    application.on_response_prepare.append(harden)
    application[OWN_HOSTS] = frozenset(sources.access.hosts)
    application.add_routes(
        [
            web.get("/", files.page),
            web.get("/sensor", files.sensor),
            web.get("/settings", files.settings),
            web.get("/static/{name}", files.static),
            web.get("/api/devices", views.devices),
            web.get("/api/log", views.log),
            web.get("/api/timeline", views.timeline),
            web.get("/api/v1/hours", views.hours),
            web.get("/api/v1/window", views.window),
            web.get("/api/v1/live", LiveViews(logs).state),
            web.get("/api/v1/corrections", corrections.list),
            web.post("/api/v1/corrections", corrections.change),
            web.get("/api/v1/learned", corrections.learned),
            web.get("/api/v1/search", search.search),
            web.get("/api/v1/export", export.export),
            web.get("/api/v1/sensor", SensorViews(sources.publish_frame).connect),
            web.get("/api/v1/settings", settings.show),
            web.post("/api/v1/settings", settings.change),
            web.get("/api/v1/notifications", notifications.list),
            web.post("/api/v1/notifications/test", notifications.test),
            web.get("/api/v1/ask", questions.state),
            web.post("/api/v1/ask", questions.ask),
            web.get("/api/openapi.json", views.openapi),
            web.get(HEALTH, health.health),
            web.get(f"{HEALTH}/live", health.live),
            web.get(f"{HEALTH}/ready", health.ready),
            web.get(METRICS, views.metrics),
            web.post(LOGIN, login.login),
            web.post("/logout", login.logout),
        ]
    )
