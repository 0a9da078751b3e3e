"""Decisions about devices (pause, resume, erase) on the topic `device.control`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from infra import clock, topics
from infra.broker.signing import Signatures
from infra.broker.topic_reader import TopicReader, publish
from schemas import Correction, DeviceControl, Frame, Message, SchemaError
from schemas.errors import InvalidError
from schemas.event_time import EXPECTED, NS_PER_MS, parse
from schemas.quiet_hours import QuietHours

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.settings import Settings

    Headers = Iterable[tuple[str, bytes]] | None

DropReason = Literal["paused", "erased", "quiet"]
AFTER_HEADER = "egolog-after-erasure"
"""The last erasure of a message's device that its writer knew of: its time in ms, as text."""


async def read_controls(settings: Settings) -> dict[str, DeviceControl]:
    """Return each device's newest decision; records that do not decode are ignored."""
    controls: dict[str, DeviceControl] = {}
    signatures = Signatures.of(settings)
    async with TopicReader(settings, topics.DEVICE_CONTROL) as reader:
        for record in await reader.to_the_end():
            try:
                signatures.require(record)
                device_id, control = read_control(record)
            except SchemaError:
                continue
            if control is None:
                controls.pop(device_id, None)
            else:
                controls[device_id] = control
    return controls


async def write_control(settings: Settings, control: DeviceControl) -> None:
    """Publish a decision; raises `BrokerError`."""
    await publish(settings, topics.DEVICE_CONTROL, control.device_id, control.encode())


def pause_end_ms(until: str) -> int:
    """Return the end of a pause as ms since the epoch, from a time (`schemas.event_time.EXPECTED`).

    Raises `ValueError` for any other text, and for a time in the past.
    """
    try:
        end_ns = parse(until)
    except ValueError as error:
        raise ValueError(f"{until[:40]!r}; expected {EXPECTED}") from error
    if end_ns <= clock.now_ns():
        raise ValueError(f"{until}; expected a time to come")
    return end_ns // NS_PER_MS


def drop_reason(
    control: DeviceControl | None,
    message: Message,
    written_ms: float,
    quiet: QuietHours | None = None,
    headers: Headers = None,
) -> DropReason | None:
    """Return why a message written at this wall time is dropped, or None if it is processed.

    `quiet` are the quiet hours, which apply to all devices.
    """
    if control is not None and (
        control.state == "erased"
        or comes_after_ms(message, written_ms, headers, control) < (control.erased_ms or -1)
    ):
        return "erased"
    if not isinstance(message, Frame):
        return None
    if control is not None and control.is_paused(written_ms):
        return "paused"
    own = QuietHours.parse(control.quiet) if control is not None and control.quiet else None
    if any(hours is not None and hours.touch(message.t_ns) for hours in (quiet, own)):
        return "quiet"
    return None


def comes_after_ms(
    message: object,
    written_ms: float,
    headers: Headers = None,
    control: DeviceControl | None = None,
) -> int:
    """Return a wall time, ms: the message is newer than any erasure of its device up to then.

    What devices and wearers send is as new as its time of writing. What workers derive from it may
    have been written by one that was frozen while the device was erased, so it is only newer than
    the last erasure that its writer knew of. `control` is the device's latest decision: after an
    erasure that is not stamped, derived messages too are as new as their time of writing.
    """
    is_derived = isinstance(message, Message) and not isinstance(message, Frame | Correction)
    is_stamped = control is None or control.erased_ms is None or control.stamped
    return _stamped_ms(headers) if is_derived and is_stamped else int(written_ms) - 1


def after_headers(erased_ms: int) -> list[tuple[str, bytes]]:
    """Return the header of a message that is newer than a device's erasure; none for 0."""
    return [(AFTER_HEADER, str(erased_ms).encode())] if erased_ms else []


def _stamped_ms(headers: Headers) -> int:
    for name, value in headers or ():
        if name == AFTER_HEADER and value.isdigit():
            return int(value)
    return 0


def read_control(record: Any) -> tuple[str, DeviceControl | None]:
    """Return a record's device and decision, None for a tombstone; raises `SchemaError`.

    An erasure takes its time from the record's timestamp.
    """
    key = bytes(record.key or b"").decode(errors="replace")
    if record.value is None:
        return key, None
    control = DeviceControl.decode(record.value)
    if control.device_id != key:
        raise InvalidError(
            f"message key is {key[:64]!r}, but the device is {control.device_id!r}; the key must "
            "be the device"
        )
    if control.state == "erased" and control.erased_ms is None:
        control = control.model_copy(update={"erased_ms": int(record.timestamp)})
    return key, control
