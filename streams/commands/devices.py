"""`devices`: list, pause, resume and erase devices."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from faust.cli import argument, option

from infra import clock
from infra.broker import topic_creation
from infra.broker.device_control import pause_end_ms, read_controls, write_control
from infra.daily_log.store import LogStore
from infra.device_state.erasure import erase, kept_by_kafka
from infra.device_state.recording import recording_state
from infra.errors import InfraError
from infra.redis.client import connect
from schemas import DeviceControl
from schemas.event_time import NS_PER_MS, iso
from schemas.ids import EXPECTED_ID, is_id
from schemas.quiet_hours import QuietHours
from streams.commands.groups import ActionGroup
from streams.commands.running_services import running
from streams.commands.tables import table

if TYPE_CHECKING:
    from infra.settings import Settings
    from streams.engine.app import EgoLogApp

# Added to the time after which a worker has dropped all state of a silent device.
_MARGIN_S = 10.0


class DeviceCommandError(InfraError):
    """An invalid request about a device."""


def register(app: EgoLogApp) -> None:
    """Add the command to the app."""
    group = ActionGroup(
        app,
        "devices",
        "Manage the devices: list, pause, resume, quiet hours, erase.\n\nWhat is decided holds for "
        "all workers at once, and after every restart.",
    )

    _add_list(group, app)
    _add_pauses(group, app)
    _add_erase(group, app)


def _add_list(group: ActionGroup, app: EgoLogApp) -> None:
    @group.action("list")
    async def devices_list() -> None:
        """List the devices with their state and their log."""
        settings = running(app.settings, "broker_url", "redis_url")
        await topic_creation.create(settings)
        controls = await read_controls(settings)
        redis = await connect(settings)
        try:
            store = LogStore(redis, settings.app_id, settings.log_retention_days)
            summaries = {each.device_id: each for each in await store.devices()}
        finally:
            await redis.aclose()
        rows = []
        given = app.settings.quiet_hours
        quiet = None if given is None else QuietHours.parse(given)
        for name in sorted({*summaries, *controls}):
            summary = summaries.get(name)
            control = controls.get(name)
            state = _state(control, quiet)
            own = "" if control is None else control.quiet or ""
            span = ("", "", "0", "0")
            if summary is not None:
                counts = str(summary.scenarios), str(summary.activities)
                span = (iso(summary.first_ns), iso(summary.last_ns), *counts)
            rows.append((name, state, *span, own))
        head = ("device", "state", "first", "last", "scenarios", "activities", "quiet hours")
        table(head, rows, empty="no device has a log yet")


def _add_pauses(group: ActionGroup, app: EgoLogApp) -> None:
    @group.action(
        "pause", argument("device"), option("--until", help="When it ends by itself, ISO 8601.")
    )
    async def devices_pause(device: str, until: str | None) -> None:
        """Drop the frames of a device until it is resumed, or until a time."""
        until_ms = _until_ms(until)
        settings, now = await _open_device(app, device)
        if now is not None and now.state == "erased":
            raise DeviceCommandError(f"device {device!r} was erased: nothing of it is processed")
        await write_control(
            settings, DeviceControl.after(now, device, state="paused", paused_until_ms=until_ms)
        )
        ends = "" if until_ms is None else f" until {iso(until_ms * NS_PER_MS)}"
        print(f"paused {device!r}{ends}: its frames are dropped, and counted")
        await _doubt(settings, device, now)

    @group.action("resume", argument("device"))
    async def devices_resume(device: str) -> None:
        """Process the frames of a device again."""
        settings, now = await _open_device(app, device)
        if now is None or now.state == "active":
            raise DeviceCommandError(f"device {device!r} is active: there is nothing to resume")
        if now.state == "erased":
            _refuse_too_early(settings, device, now.erased_ms or 0)
            # Before the decision, so that no frame that it lets pass is refused.
            redis = await connect(running(settings, "redis_url"))
            try:
                store = LogStore(redis, settings.app_id, settings.log_retention_days)
                await store.erasures.resume(device, now.erased_ms or 0)
            finally:
                await redis.aclose()
        await write_control(
            settings, DeviceControl.after(now, device, state="active", paused_until_ms=None)
        )
        print(f"resumed {device!r}: what it sends from now on is processed")
        if now.state == "erased":
            print(f"what was erased at {iso((now.erased_ms or 0) * NS_PER_MS)} does not come back")

    @group.action("quiet", argument("device"), argument("hours"))
    async def devices_quiet(device: str, hours: str) -> None:
        """Drop the frames of a device in its quiet hours.

        HOURS are spans of its day and a zone, as 22:00-07:00,12:30-13:00@Europe/Berlin, beside
        those of EGOLOG_QUIET_HOURS; `off` for none.
        """
        settings, now = await _open_device(app, device)
        if now is not None and now.state == "erased":
            raise DeviceCommandError(f"device {device!r} was erased: nothing of it is processed")
        try:
            changed = DeviceControl.after(now, device, quiet=None if hours == "off" else hours)
        except ValueError as error:
            raise DeviceCommandError(
                f"hours are {hours[:80]!r}; expected spans as 22:00-07:00@Europe/Berlin, or off"
            ) from error
        await write_control(settings, changed)
        print(f"quiet hours of {device!r}: {changed.quiet or 'none'}")
        await _doubt(settings, device, now)


def _add_erase(group: ActionGroup, app: EgoLogApp) -> None:
    @group.action("erase", argument("device"))
    async def devices_erase(device: str) -> None:
        """Delete all data of a device, and prevent its return.

        Log, checkpoints, adapters, corrected windows, windows for fine-tuning and dead letters are
        deleted at once, and a worker that is frozen or cut off meanwhile cannot write them again.
        Messages in Kafka stay until the retention of their topic ends, and are dropped by all
        readers; for this the device's id stays in the topic device.control, and in the store.
        """
        settings, _ = await _open_device(app, device)
        settings = running(settings, "redis_url")
        redis = await connect(settings)
        try:
            erased = await erase(settings, redis, device)
        finally:
            await redis.aclose()
        print(f"erased {device!r}:")
        for where, count in erased.counts.items():
            print(f"  {count} {where}")
        if not any(erased.counts.values()):
            print(f"nothing was kept of {device!r}: check the id with `devices list`")
        print("not deleted, unreadable for workers, and gone once Kafka's retention ends:")
        for topic, kept_for in kept_by_kafka(settings):
            print(f"  {topic} ({kept_for})")
        print("not deleted: revisions of the scenario network that learned from its windows")
        for line in erased.left:
            print(f"not deleted: {line}", file=sys.stderr)


async def _open_device(app: EgoLogApp, device: str) -> tuple[Settings, DeviceControl | None]:
    """Return the running services' settings and the last decision about the device."""
    if not is_id(device):
        raise DeviceCommandError(f"device is {device[:80]!r}; expected {EXPECTED_ID}")
    settings = running(app.settings, "broker_url")
    await topic_creation.create(settings)
    return settings, (await read_controls(settings)).get(device)


async def _doubt(settings: Settings, device: str, control: DeviceControl | None) -> None:
    """Say where nothing is known of a device: its id may be misspelt, or it has not sent yet."""
    if control is not None:
        return
    with suppress(InfraError):
        redis = await connect(running(settings, "redis_url"))
        try:
            store = LogStore(redis, settings.app_id, settings.log_retention_days)
            known = any(await store.count(device))
        finally:
            await redis.aclose()
        if not known:
            print(
                f"device {device!r} has no log yet: check the id with `devices list`",
                file=sys.stderr,
            )


def _state(control: DeviceControl | None, quiet_of_all: QuietHours | None) -> str:
    state, until_ms = recording_state(control, quiet_of_all, clock.now_ns())
    return state if until_ms is None else f"{state} until {iso(until_ms * NS_PER_MS)}"


def _until_ms(until: str | None) -> int | None:
    if until is None:
        return None
    try:
        return pause_end_ms(until)
    except ValueError as error:
        raise DeviceCommandError(f"--until is {error}") from error


def _refuse_too_early(settings: Settings, device: str, erased_ms: int) -> None:
    wait_s = settings.session_end_timeout_s + _MARGIN_S - (clock.now_s() - erased_ms / 1_000)
    if wait_s > 0:
        raise DeviceCommandError(
            f"device {device!r} was erased a moment ago, and workers may still hold samples of "
            f"it: expected to be resumed in {wait_s:.0f} s"
        )
