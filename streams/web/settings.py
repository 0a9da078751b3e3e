"""The wearer's settings of a device over HTTP.

GET  /api/v1/settings   whether it records, until when not, since when it is silent
POST /api/v1/settings   pause, resume or quiet hours (`SettingsChange`)

A decision applies to all workers at once, like `devices pause`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from infra import clock
from infra.broker.device_control import pause_end_ms
from infra.daily_log.decisions import Decisions
from infra.daily_log.intended_gaps import IntendedGap, intended_gaps
from infra.daily_log.log_changes import silent_s
from infra.device_state.recording import recording_state
from schemas import DeviceControl
from schemas.device_control import QuietText
from schemas.event_time import TIME_PATTERN
from schemas.message import DeviceId
from schemas.quiet_hours import QuietHours
from streams.web import parameters
from streams.web.guard import NotReadyError
from streams.web.writing import WriteRefusedError, body_of, read_as

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from infra.daily_log.store import LogStore
    from streams.web.logs import Logs


class SettingsChange(BaseModel):
    """A change of a device's settings; absent fields are unchanged.

    `until` is the end of a pause, which otherwise lasts until it is resumed. `quiet` are spans of a
    day and a zone, null for none.
    """

    model_config = ConfigDict(extra="forbid")

    device: DeviceId
    state: Literal["active", "paused"] | None = None
    until: str | None = Field(default=None, pattern=TIME_PATTERN)
    quiet: QuietText | None = None


class DeviceDecisions:
    """Decisions about devices; an app without a broker has none.

    get: the last decision about a device. decide: publishes one, and returns once it is in force.
    quiet: the quiet hours of all devices.
    """

    def __init__(
        self,
        get: Callable[[str], DeviceControl | None] = lambda _: None,
        decide: Callable[[DeviceControl], Awaitable[None]] | None = None,
        quiet: str | None = None,
    ) -> None:
        self.get = get
        self.decide = decide
        self.quiet_text = quiet
        self.quiet = None if quiet is None else QuietHours.parse(quiet)

    def state(self, device_id: str) -> dict[str, Any]:
        """Return whether a device records now, and the end of its pause in ms since the epoch."""
        state, until_ms = recording_state(self.get(device_id), self.quiet, clock.now_ns())
        return {"state": state, "until": until_ms}

    async def gaps(
        self, store: LogStore, device_id: str, from_ns: int, to_ns: int
    ) -> list[IntendedGap]:
        """Return the times in a span in which recording was off on purpose."""
        decisions = await Decisions.of(store).read(device_id)
        return intended_gaps(decisions, self.quiet, from_ns, to_ns)


@dataclass(frozen=True)
class SettingsViews:
    """The handlers."""

    logs: Logs
    decisions: DeviceDecisions

    async def show(self, request: web.Request) -> web.Response:
        """Return the settings of a device."""
        parameters.refuse_unknown(request.query, ("device",))
        device = await self.logs.device(parameters.device_id(request.query))
        return web.json_response(await self._shown(device.device_id))

    async def change(self, request: web.Request) -> web.Response:
        """Pause or resume a device or set its quiet hours; responds with the new settings."""
        decide = self.decisions.decide
        if decide is None:
            raise NotReadyError("this worker has no broker to publish a decision to")
        change = read_as(SettingsChange, await body_of(request))
        await self.logs.device(change.device)
        now = self.decisions.get(change.device)
        if now is not None and now.state == "erased":
            raise WriteRefusedError(
                409, f"device {change.device!r} was erased; expected `devices resume` first"
            )
        await decide(_changed(now, change))
        return web.json_response(await self._shown(change.device))

    async def _shown(self, device_id: str) -> dict[str, Any]:
        recorded_ms = await self.logs.store().recorded_ms(device_id)
        control = self.decisions.get(device_id)
        return {
            "device": device_id,
            **self.decisions.state(device_id),
            "quiet": None if control is None else control.quiet,
            "quiet_of_all": self.decisions.quiet_text,
            "silent_s": silent_s(recorded_ms, clock.now_ns()),
        }


def _changed(now: DeviceControl | None, change: SettingsChange) -> DeviceControl:
    changes: dict[str, Any] = {}
    if change.state is not None:
        changes = {"state": change.state, "paused_until_ms": _until_ms(change)}
    elif change.until is not None:
        raise WriteRefusedError(400, "until is given without a state; expected it with paused")
    if "quiet" in change.model_fields_set:
        changes["quiet"] = change.quiet
    if not changes:
        raise WriteRefusedError(400, "nothing is to be changed; expected state or quiet")
    return DeviceControl.after(now, change.device, **changes)


def _until_ms(change: SettingsChange) -> int | None:
    if change.until is None:
        return None
    if change.state != "paused":
        raise WriteRefusedError(400, "until is given with state active; expected it with paused")
    try:
        return pause_end_ms(change.until)
    except ValueError as error:
        raise WriteRefusedError(400, f"until is {error}") from error
