"""Which devices are paused or erased, kept up with `device.control` while a worker runs.

A worker reads the topic to its end before its first message and follows it, so a decision holds for
all workers within moments and over every restart, whatever becomes of the store.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from infra import topics
from infra.broker.device_control import drop_reason, read_control
from schemas.quiet_hours import QuietHours
from streams.engine.followed_topic import FollowedTopic

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from infra.broker.device_control import DropReason
    from infra.daily_log.decisions import Decisions
    from infra.settings import Settings
    from schemas import DeadLetter, DeviceControl, Message

log = logging.getLogger(__name__)


class DeviceControls:
    """A worker's view of the topic; nothing is dropped before it was opened."""

    def __init__(self) -> None:
        self._controls: dict[str, DeviceControl] = {}
        self._quiet: QuietHours | None = None
        self._followed: FollowedTopic | None = None
        self._unkept: list[tuple[str, int, DeviceControl | None]] = []

    @property
    def quiet(self) -> QuietHours | None:
        """The hours in which all devices are quiet."""
        return self._quiet

    def get(self, device_id: str) -> DeviceControl | None:
        """Return what was decided about a device last, None where nothing was."""
        return self._controls.get(device_id)

    def drops(self, message: Message, written_ms: float) -> DropReason | None:
        """Return why a message that was written at this wall time is not processed, else None."""
        control = self._controls.get(message.device_id)
        return drop_reason(control, message, written_ms, self._quiet)

    def withholds(self, device_id: str) -> bool:
        """Return whether nothing of a device may be published or stored any more."""
        control = self._controls.get(device_id)
        return control is not None and control.state == "erased"

    def expects_silence(self, device_id: str, now_ns: int) -> bool:
        """Return whether nothing of a device is processed at a wall time."""
        control = self._controls.get(device_id)
        if control is not None and (control.state == "erased" or control.is_paused(now_ns / 1e6)):
            return True
        own = QuietHours.parse(control.quiet) if control is not None and control.quiet else None
        return any(hours is not None and hours.covers(now_ns) for hours in (self._quiet, own))

    def withheld(self) -> set[str]:
        """Return the devices of which nothing may be kept."""
        return {device_id for device_id in self._controls if self.withholds(device_id)}

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
        """Take what comes, until cancelled; what does not decode goes to `to_dead_letter`.

        All that was taken is kept in `decisions`, for a log whose gaps say why they are there.
        """
        followed = self._followed
        assert followed is not None  # noqa: S101 - narrows a type, checks nothing
        await self._keep(decisions)
        async for _ in followed.follow(to_dead_letter):
            await self._keep(decisions)

    async def close(self) -> None:
        """Close the connection."""
        followed, self._followed = self._followed, None
        if followed is not None:
            await followed.close()

    def take(self, record: Any) -> None:
        """Take a record of the topic; raises `SchemaError`."""
        device_id, control = read_control(record)
        if control is None:
            self._controls.pop(device_id, None)
        else:
            self._controls[device_id] = control
        self._unkept.append((device_id, int(record.timestamp), control))
        log.info('device="%s" state="%s"', device_id, control.state if control else "active")

    async def _keep(self, decisions: Decisions | None) -> None:
        unkept, self._unkept = self._unkept, []
        if decisions is None:
            return
        try:
            for device_id, written_ms, control in unkept:
                await decisions.put(device_id, written_ms, control)
        except (RedisError, OSError) as error:
            # The decision holds all the same; the log calls its gap "not recorded".
            log.warning("decisions about devices are not kept: %s", error)
