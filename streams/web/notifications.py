"""Notifications over HTTP.

GET  /api/v1/notifications        rules, targets and the history, the newest first
POST /api/v1/notifications/test   sends a test to a target: `{"target": "phone"}`
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from infra.notifications.journal import Journal
from infra.notifications.sending import SendError
from infra.notifications.target_check import send_test
from streams.web import parameters
from streams.web.parameters import ParameterError
from streams.web.writing import body_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.daily_log.store import LogStore
    from infra.notifications.journal import Entry
    from infra.notifications.rules_file import NotificationPlan

_SHOWN = 50


class NotificationViews:
    """The handlers; `plan` is the content of the file of rules."""

    def __init__(self, store: Callable[[], LogStore], plan: NotificationPlan) -> None:
        self._store = store
        self._plan = plan

    async def list(self, request: web.Request) -> web.Response:
        """Return the rules, the targets without secrets of their addresses, and the history."""
        parameters.refuse_unknown(request.query, ())
        entries = await Journal.of(self._store()).history(_SHOWN)
        return web.json_response(
            {
                "rules": [
                    {
                        "name": rule.name,
                        "when": rule.when,
                        "tells": list(rule.targets),
                        "device": rule.device,
                        "cool_down_s": rule.cool_down_s,
                    }
                    for rule in self._plan.rules
                ],
                "targets": [
                    {"name": name, "kind": target.kind, "address": target.masked_address}
                    for name, target in self._plan.targets.items()
                ],
                "history": [_row(entry) for entry in entries],
            }
        )

    async def test(self, request: web.Request) -> web.Response:
        """Send a test to a target; responds with whether it was sent, or the error."""
        body = await body_of(request)
        name = body.get("target") if isinstance(body, dict) else None
        targets = self._plan.targets
        if not isinstance(name, str) or name not in targets:
            known = ", ".join(targets) or "none yet"
            raise ParameterError("target", None if name is None else str(name), f"one of {known}")
        try:
            await send_test(name, targets[name])
        except SendError as error:
            return web.json_response({"target": name, "sent": False, "error": str(error)})
        return web.json_response({"target": name, "sent": True, "error": None})


def _row(entry: Entry) -> dict[str, Any]:
    notification = entry.notification
    return {
        "id": notification.notification_id,
        "rule": notification.rule,
        "device": notification.device_id,
        "at": parameters.iso(notification.at_ns),
        "made": parameters.iso(entry.made_ms * 1_000_000),
        "text": notification.text,
        "targets": {
            name: {"state": each.state, "tries": each.tries, "error": each.error or None}
            for name, each in sorted(entry.deliveries.items())
        },
    }
