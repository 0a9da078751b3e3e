"""Which devices are paused or erased, kept up with `device.control` while a worker runs.

A worker reads the topic to its end before its first message and follows it, so a decision holds for
all workers within moments and over every restart, whatever becomes of the store.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from infra import topics
from infra.device_control import drop_reason, read_control
from infra.signing import Signatures
from infra.topic_reader import TopicReader
from schemas import DeadLetter, DeviceControl, Message, SchemaError
from schemas.quiet_hours import QuietHours
from streams.engine.dead_letters import dead_letter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from infra.device_control import DropReason
    from infra.settings import Settings

log = logging.getLogger(__name__)


class DeviceControls:
    """A worker's view of the topic; nothing is dropped before it was opened."""

    def __init__(self) -> None:
        self._controls: dict[str, DeviceControl] = {}
        self._quiet: QuietHours | None = None
        self._letters: list[DeadLetter] = []
        self._signatures = Signatures()
        self._reader: TopicReader | None = None

    def drops(self, message: Message, written_ms: float) -> DropReason | None:
        """Return why a message that was written at this wall time is not processed, else None."""
        control = self._controls.get(message.device_id)
        return drop_reason(control, message, written_ms, self._quiet)

    def withholds(self, device_id: str) -> bool:
        """Return whether nothing of a device may be published or stored any more."""
        control = self._controls.get(device_id)
        return control is not None and control.state == "erased"

    def withheld(self) -> set[str]:
        """Return the devices of which nothing may be kept."""
        return {device_id for device_id in self._controls if self.withholds(device_id)}

    async def open(self, settings: Settings) -> None:
        """Read the topic to its end; raises `BrokerError`."""
        if settings.quiet_hours is not None:
            self._quiet = QuietHours.parse(settings.quiet_hours)
        self._signatures = Signatures.of(settings)
        reader = TopicReader(settings, topics.DEVICE_CONTROL)
        await reader.__aenter__()
        self._reader = reader
        try:
            for record in await reader.to_the_end():
                self.take(record)
        except BaseException:
            await self.close()
            raise

    async def follow(self, to_dead_letter: Callable[[DeadLetter], Awaitable[None]]) -> None:
        """Take what comes, until cancelled; what does not decode goes to `to_dead_letter`."""
        reader = self._reader
        assert reader is not None  # noqa: S101 - narrows a type, checks nothing
        await self._send(to_dead_letter)
        async for record in reader.follow():
            self.take(record)
            await self._send(to_dead_letter)

    async def close(self) -> None:
        """Close the connection."""
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.__aexit__(None, None, None)

    def take(self, record: Any) -> None:
        """Take a record of the topic."""
        try:
            self._signatures.require(record)
            device_id, control = read_control(record)
        except SchemaError as error:
            self._letters.append(dead_letter(record, record.value, topics.DEVICE_CONTROL, error))
            return
        if control is None:
            self._controls.pop(device_id, None)
        else:
            self._controls[device_id] = control
        log.info('device="%s" state="%s"', device_id, control.state if control else "active")

    async def _send(self, to_dead_letter: Callable[[DeadLetter], Awaitable[None]]) -> None:
        letters, self._letters = self._letters, []
        for letter in letters:
            await to_dead_letter(letter)
