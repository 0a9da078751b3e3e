"""Which devices are paused, quiet or erased, according to the topic `device.control`.

A worker reads the topic to its end before its first message and then follows it, so a decision
reaches all workers within moments and survives restarts and the loss of the store.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from infra import topics
from infra.broker.device_control import comes_after_ms, drop_reason, read_control
from schemas import SchemaError
from schemas.quiet_hours import QuietHours
from streams.engine.followed_topic import FollowedTopic

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from infra.broker.device_control import DropReason, Headers
    from infra.daily_log.decisions import Decisions
    from infra.settings import Settings
    from schemas import DeadLetter, DeviceControl, Message

log = logging.getLogger(__name__)


class DeviceControls:
    """A worker's view of the topic; drops nothing until it is opened."""

    def __init__(self) -> None:
        self._controls: dict[str, DeviceControl] = {}
        # When each device that ever was erased was so last, ms since the epoch.
        self._erased: dict[str, int] = {}
        self._quiet: QuietHours | None = None
        self._followed: FollowedTopic | None = None
        self._unrecorded: list[tuple[str, int, DeviceControl | None]] = []

    @property
    def quiet(self) -> QuietHours | None:
        """The quiet hours of all devices."""
        return self._quiet

    def get(self, device_id: str) -> DeviceControl | None:
        """Return the latest decision about a device, None if there is none."""
        return self._controls.get(device_id)

    def drops(
        self, message: Message, written_ms: float, headers: Headers = None
    ) -> DropReason | None:
        """Return why a message written at this wall time is dropped, None if it is not."""
        control = self._controls.get(message.device_id)
        return drop_reason(control, message, written_ms, self._quiet, headers)

    def comes_after_ms(
        self, message: Message | SchemaError, written_ms: float, headers: Headers = None
    ) -> int:
        """Return the erasure of its device that a message comes after, as a wall time, ms."""
        known = None if isinstance(message, SchemaError) else self._controls.get(message.device_id)
        return comes_after_ms(message, written_ms, headers, known)

    def erased_ms(self, device_id: str) -> int:
        """Return when a device was last erased, ms since the epoch; 0 if it never was."""
        return self._erased.get(device_id, 0)

    @property
    def has_erasures(self) -> bool:
        """Whether any device was ever erased."""
        return bool(self._erased)

    def erasures(self) -> dict[str, int]:
        """Return when each device that ever was erased was so last, ms since the epoch."""
        return dict(self._erased)

    def is_erased(self, device_id: str, after_ms: int) -> bool:
        """Return whether data that comes after this erasure of its device must be dropped."""
        erased_ms = self._erased.get(device_id)
        return erased_ms is not None and (after_ms < erased_ms or self.withholds(device_id))

    def withholds(self, device_id: str) -> bool:
        """Return whether a device is erased: nothing of it may be published or stored."""
        control = self._controls.get(device_id)
        return control is not None and control.state == "erased"

    def expects_silence(self, device_id: str, now_ns: int) -> bool:
        """Return whether a device is paused, quiet or erased at a wall time."""
        control = self._controls.get(device_id)
        if control is not None and (control.state == "erased" or control.is_paused(now_ns / 1e6)):
            return True
        device = QuietHours.parse(control.quiet) if control is not None and control.quiet else None
        return any(hours is not None and hours.covers(now_ns) for hours in (self._quiet, device))

    async def open(self, settings: Settings) -> None:
        """Read the topic to its end; raises `BrokerError`."""
        if settings.quiet_hours is not None:
            self._quiet = QuietHours.parse(settings.quiet_hours)
        followed = FollowedTopic(settings, topics.DEVICE_CONTROL, self.take)
        await followed.open()
        self._followed = followed

    async def follow(
        self,
        to_dead_letter: Callable[[DeadLetter], Awaitable[None]],
        decisions: Decisions | None = None,
    ) -> None:
        """Apply new records until cancelled; those that do not decode go to `to_dead_letter`.

        All decisions are recorded in `decisions`, so that the log can explain its gaps.
        """
        followed = self._followed
        assert followed is not None  # noqa: S101 - narrows a type, checks nothing
        await self._record(decisions)
        async for _ in followed.follow(to_dead_letter):
            await self._record(decisions)

    async def close(self) -> None:
        """Close the connection."""
        followed, self._followed = self._followed, None
        if followed is not None:
            await followed.close()

    def take(self, record: Any) -> None:
        """Apply a record of the topic; raises `SchemaError`."""
        device_id, control = read_control(record)
        if control is None:
            self._controls.pop(device_id, None)
        else:
            self._controls[device_id] = control
            if control.erased_ms is not None:
                self._erased[device_id] = max(self.erased_ms(device_id), control.erased_ms)
        self._unrecorded.append((device_id, int(record.timestamp), control))
        log.info('device="%s" state="%s"', device_id, control.state if control else "active")

    async def _record(self, decisions: Decisions | None) -> None:
        unrecorded, self._unrecorded = self._unrecorded, []
        if decisions is None:
            return
        try:
            for device_id, written_ms, control in unrecorded:
                await decisions.put(device_id, written_ms, control)
        except (RedisError, OSError) as error:
            # The decision is in force regardless; the log shows its gap as "not recorded".
            log.warning("decisions about devices are not kept: %s", error)
