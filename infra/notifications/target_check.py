"""Testing a target: one test notification, sent at once and not recorded."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from infra import clock
from infra.notifications.sending import send
from schemas.notification import Notification

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.notifications.rules_file import Target

DEVICE = "test"


async def send_test(
    name: str, target: Target, clock_ns: Callable[[], int] = clock.now_ns
) -> Notification:
    """Send a test notification to a target; raises `SendError`."""
    notification = Notification(
        notification_id=uuid.uuid4().hex,
        rule="test",
        device_id=DEVICE,
        at_ns=clock_ns(),
        text="This is a test of EgoLog's notifications.",
    )
    await send(name, target, notification)
    return notification
