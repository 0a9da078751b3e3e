"""Notifications that differ by a number."""

from __future__ import annotations

from typing import Any

from schemas.notification import Notification, notification_id


def notification(number: int, device: str = "d", **more: Any) -> Notification:
    return Notification(
        notification_id=notification_id("r", device, str(number)),
        rule="r",
        device_id=device,
        at_ns=number,
        text=f"{device}: {number}",
        **more,
    )
