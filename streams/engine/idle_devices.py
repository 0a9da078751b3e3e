"""Which devices have been at rest for long, so that their state may be dropped from memory."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# A device that sends has pending messages almost all the time. Reading a checkpoint once a minute
# costs next to nothing.
_LONG_S = 60.0


class IdleDevices:
    """Remembers since when each device has been at rest, by the process's clock."""

    def __init__(self, long_s: float = _LONG_S, clock: Callable[[], float] = monotonic) -> None:
        self._long_s = long_s
        self._clock = clock
        self._since: dict[str, float] = {}

    def for_long(self, at_rest: Iterable[str]) -> list[str]:
        """Take the devices at rest now; return those that have been for `long_s`."""
        now = self._clock()
        self._since = {device_id: self._since.get(device_id, now) for device_id in at_rest}
        return [device for device, since in self._since.items() if now - since >= self._long_s]

    def clear(self) -> None:
        """Forget all devices: their time counts from zero."""
        self._since.clear()
