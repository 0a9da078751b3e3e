"""Since when devices are at rest, by the engine's clock: what is not needed may go by then."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# A device that sends holds messages all the time but for moments. To read a checkpoint once a
# minute costs nothing.
_LONG_S = 60.0


class Resting:
    """When each device that is at rest was first found so."""

    def __init__(self, long_s: float = _LONG_S, clock: Callable[[], float] = monotonic) -> None:
        self._long_s = long_s
        self._clock = clock
        self._since: dict[str, float] = {}

    def for_long(self, at_rest: Iterable[str]) -> list[str]:
        """Take which devices are at rest now, and return those that were for long."""
        now = self._clock()
        self._since = {device_id: self._since.get(device_id, now) for device_id in at_rest}
        return [device_id for device_id, at in self._since.items() if now - at >= self._long_s]

    def clear(self) -> None:
        """Forget everything: whoever rested is found anew."""
        self._since.clear()
