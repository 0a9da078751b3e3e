"""How many devices send, for operators."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Devices send a frame a second, and those that save power a minute of them at once.
_WITHIN_S = 60.0


class SendingDevices:
    """When each device last sent something, by the process's clock.

    Unlike `LastArrivals` it forgets nothing while the broker does not answer: a device that was
    heard a moment ago has not left.
    """

    def __init__(self, within_s: float = _WITHIN_S, clock: Callable[[], float] = monotonic) -> None:
        self._within_s = within_s
        self._clock = clock
        self._last: dict[str, float] = {}

    def note(self, device_id: str) -> None:
        """Take note that a device has sent something."""
        self._last[device_id] = self._clock()

    def count(self) -> int:
        """Return how many devices have sent something within the last minute."""
        since = self._clock() - self._within_s
        self._last = {device: at for device, at in self._last.items() if at > since}
        return len(self._last)

    def clear(self) -> None:
        """Forget all devices: another worker may read what they send."""
        self._last.clear()
