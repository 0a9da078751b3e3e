"""`notifications`: the rules and their targets, the history, and a test of a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faust.cli import argument, option

from infra.errors import InfraError
from infra.notifications.journal import Journal
from infra.notifications.target_check import send_test
from infra.redis.client import connect
from infra.settings import env_name
from schemas.event_time import iso
from streams.commands.groups import ActionGroup
from streams.commands.running_services import running
from streams.commands.tables import table
from streams.engine.notification_plan import plan_of

if TYPE_CHECKING:
    from infra.notifications.rules_file import NotificationPlan
    from infra.settings import Settings
    from streams.engine.app import EgoLogApp


class NotificationCommandError(InfraError):
    """An invalid request about notifications."""


def register(app: EgoLogApp) -> None:
    """Add the command to the app."""
    group = ActionGroup(
        app, "notifications", "Manage notifications: rules, targets, tests and history."
    )

    def plan() -> NotificationPlan:
        if app.settings.notifications is None:
            raise NotificationCommandError(
                f"setting {env_name('notifications')} is not set; expected a TOML file of rules"
            )
        return plan_of(app.settings.notifications)

    @group.action("list")
    async def list_() -> None:
        """List the rules and the targets."""
        _print_plan(plan())

    @group.action("test", argument("target"))
    async def test(target: str) -> None:
        """Send a test to a target."""
        targets = plan().targets
        if target not in targets:
            known = ", ".join(targets) or "none yet"
            raise NotificationCommandError(f"target {target!r} is unknown: expected one of {known}")
        await send_test(target, targets[target])
        print(f"told {target!r} at {targets[target].masked_address}")

    @group.action(
        "history", option("--limit", type=int, default=20, help="Maximum number of notifications.")
    )
    async def history(limit: int) -> None:
        """List the notifications sent, the newest last."""
        if limit < 1:
            raise NotificationCommandError(f"--limit is {limit}; expected 1 or more")
        await _print_history(running(app.settings, "redis_url"), limit)


def _print_plan(plan: NotificationPlan) -> None:
    table(
        ("rule", "when", "tells", "device", "cool-down"),
        [
            (r.name, r.when, ", ".join(r.targets), r.device or "all", f"{r.cool_down_s:g} s")
            for r in plan.rules
        ],
    )
    print()
    table(
        ("target", "kind", "address"),
        [(name, target.kind, target.masked_address) for name, target in plan.targets.items()],
    )


async def _print_history(settings: Settings, limit: int) -> None:
    redis = await connect(settings)
    try:
        entries = await Journal(redis, settings.app_id).history(limit)
    finally:
        await redis.aclose()
    rows = [
        (
            iso(entry.notification.at_ns),
            entry.notification.rule,
            entry.notification.text,
            target,
            delivery.state,
            delivery.error,
        )
        for entry in reversed(entries)
        for target, delivery in sorted(entry.deliveries.items())
    ]
    head = ("at", "rule", "what", "target", "state", "why")
    table(head, rows, empty="no notifications yet")
