"""Whether a device records now: by its wearer's decision, and by quiet hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from schemas.event_time import NS_PER_MS
from schemas.quiet_hours import QuietHours

if TYPE_CHECKING:
    from schemas import DeviceControl

_DAY_NS = 86_400_000 * NS_PER_MS


class RecordingState(NamedTuple):
    """What a device does, and until when in ms since the epoch; None without an end."""

    state: Literal["active", "paused", "quiet", "erased"]
    until_ms: int | None = None


def recording_state(
    control: DeviceControl | None, quiet_of_all: QuietHours | None, now_ns: int
) -> RecordingState:
    """Return the state of a device by the last decision about it, None where there is none."""
    if control is not None and control.state == "erased":
        return RecordingState("erased")
    if control is not None and control.is_paused(now_ns / NS_PER_MS):
        return RecordingState("paused", control.paused_until_ms)
    own = None if control is None or control.quiet is None else QuietHours.parse(control.quiet)
    ends = [
        hours.between(now_ns, now_ns + _DAY_NS)[0][1] // NS_PER_MS
        for hours in (quiet_of_all, own)
        if hours is not None and hours.covers(now_ns)
    ]
    return RecordingState("quiet", max(ends)) if ends else RecordingState("active")
