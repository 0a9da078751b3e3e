"""The days that a log spans."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from infra.daily_log.time_expressions.when import days_text
from schemas.frames import NS

if TYPE_CHECKING:
    from datetime import tzinfo

    from infra.daily_log.records import DeviceSummary


def days_of_log(device: DeviceSummary, zone: tzinfo) -> str:
    """Return in words which days a device's log spans.

    A log of recordings that were replayed later has no today and no yesterday.
    """
    first, last = (
        datetime.fromtimestamp(time_ns // NS, zone).date()
        for time_ns in (device.first_ns, max(device.first_ns, device.last_ns - 1))
    )
    return days_text(first, last)
