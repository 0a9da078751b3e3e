"""The app: `faust -A streams.app worker` runs it, `faust -A streams.app --help` lists the rest."""

from __future__ import annotations

import sys

from streams.engine.garbage_collection import frozen_imports

with frozen_imports():
    from infra.errors import SettingsError
    from infra.settings import load
    from streams import corrections, frame_reader, log, notifications, refiner
    from streams.commands.deferred import defer as defer_commands
    from streams.engine.app import EgoLogApp
    from streams.engine.notification_plan import plan_of
    from streams.web.access import Access
    from streams.web.connections import Connections
    from streams.web.routes import PageSources
    from streams.web.routes import register as register_page
    from streams.web.settings import DeviceDecisions

try:
    settings = load()
    plan = plan_of(settings.notifications)
    app = EgoLogApp(settings)
except SettingsError as error:
    print(f"error: {error}", file=sys.stderr)
    raise SystemExit(1) from None

backend = app.backend

for agent in (frame_reader, refiner, log, corrections):
    agent.register(app)
notifications.register(app, plan)
register_page(
    app,
    PageSources(
        backend.log_store,
        access=Access.of(settings),
        vitals=app.vitals,
        unsure_below=settings.activity_unsure_below,
        refine_context_s=settings.refine_context_s,
        publish=backend.publish_correction,
        attempts=backend.attempts,
        publish_frame=backend.publish_frame,
        plan=plan,
        llm=backend.language_model,
        decisions=DeviceDecisions(backend.device_control, backend.decide, settings.quiet_hours),
    ),
    Connections(settings.web_connections_max),
)
defer_commands(app)
