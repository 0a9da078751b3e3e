"""Serving motion networks to devices without a gyroscope, by weights that were trained for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from models.network.rotation import has_rotation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.serving.session import NetworkSession

Inputs = Mapping[str, "NDArray[Any]"]

# Rotation about gravity, of the channels of `models.lanhar.rotation_invariant`.
_TURNING = 4


def _sensed(inputs: Inputs) -> bool:
    return has_rotation(inputs["imu"])


def _sensed_by_channels(inputs: Inputs) -> bool:
    return bool(inputs["channels"][:, _TURNING].any())


ROTATION_OF: Mapping[str, Callable[[Inputs], bool]] = {
    "motions": _sensed,
    "motion_features": _sensed,
    "lanhar_sensor": _sensed_by_channels,
}
"""By graph: whether its inputs have any rotation."""


class ByGyroscope:
    """Runs each item by the session `whole`, or by `alone` if nothing has sensed its rotation."""

    def __init__(self, graph: str, whole: NetworkSession, alone: NetworkSession) -> None:
        self._has_rotation = ROTATION_OF[graph]
        self.whole, self.alone = whole, alone

    @property
    def names(self) -> frozenset[str]:
        """The names of inputs and outputs."""
        return self.whole.names

    def run(self, **inputs: NDArray[Any]) -> list[NDArray[Any]]:
        """Return all outputs of one item in order."""
        return self._of(inputs).run(**inputs)

    def run_all(self, items: Sequence[Inputs]) -> list[list[NDArray[Any]]]:
        """Return all outputs of each item."""
        chosen = [self._of(item) for item in items]
        made: dict[int, list[NDArray[Any]]] = {}
        for session in (self.whole, self.alone):
            numbers = [n for n, each in enumerate(chosen) if each is session]
            if numbers:
                made |= zip(numbers, session.run_all([items[n] for n in numbers]), strict=True)
        return [made[number] for number in range(len(items))]

    def _of(self, inputs: Inputs) -> NetworkSession:
        return self.whole if self._has_rotation(inputs) else self.alone
