"""Serving sound localization (EgoLog §4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from models.network.rotation import has_rotation
from models.serving.predict.arrays import IMU_AXES, Array, PredictError, by_name, check
from models.serving.served import ARRAYS, LOCALIZATION, LOCALIZATION_MONO
from schemas.evidence import DISTANCES, REGIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.egolog import localization
    from models.serving.registry import Registry


@dataclass(frozen=True)
class LocalizerInput:
    """One second: `maps` (M, 50, 64), M 1, 3 or 10, and `imu` (50, 6) or None.

    Motion without rotation, of a device without a gyroscope, counts as none.
    """

    maps: Array
    imu: Array | None = None


class LocatedSecond(NamedTuple):
    """Calibrated probabilities of the eight regions, and `heat` (2, 72) of two microphones.

    Heat is the logits of a near and a far source per direction, from the quarter ahead on
    (`models.egolog.direction_memory`); it is None for other devices.
    """

    regions: dict[str, float]
    heat: Array | None


class SoundLocalizer:
    """Sound localization (EgoLog §4.2); picks the network by the number of maps.

    `array` is the device with four microphones
    (`models.simulation.acoustics.microphone_arrays.GEOMETRY_M`).
    """

    def __init__(self, registry: Registry, array: localization.Array = "glasses") -> None:
        opened = {
            1: registry.open(LOCALIZATION_MONO),
            3: registry.open(LOCALIZATION),
            10: registry.open(ARRAYS[array]),
        }
        self._frames: int = opened[3].config["frames"]
        self._sessions = {
            maps: session for maps, each in opened.items() for session in each.sessions.values()
        }
        self.revision = opened[3].recorded

    def predict(self, items: Sequence[LocalizerInput]) -> list[dict[str, float]]:
        """Return the regions of each second as `locate` does, without their heat."""
        return [each.regions for each in self.locate(items)]

    def locate(self, items: Sequence[LocalizerInput]) -> list[LocatedSecond]:
        """Return the estimate of each second without the seconds before.

        Raises `PredictError` for shapes other than `LocalizerInput`'s.
        """
        inputs = [self._inputs(item) for item in items]
        results: dict[int, LocatedSecond] = {}
        for count, session in self._sessions.items():
            numbers = [n for n, item in enumerate(items) if len(item.maps) == count]
            made = session.run_all([inputs[n] for n in numbers])
            for number, (regions, *heat) in zip(numbers, made, strict=True):  # (1, 8) and (2, 72)
                results[number] = LocatedSecond(
                    by_name(REGIONS, regions[0]),
                    heat[0].reshape(len(DISTANCES), -1) if heat else None,
                )
        return [results[number] for number in range(len(items))]

    def _inputs(self, item: LocalizerInput) -> dict[str, Array]:
        check("maps", item.maps, (None, self._frames, 64))
        if len(item.maps) not in self._sessions:
            raise PredictError(f"maps have {len(item.maps)} planes; expected 1, 3 or 10")
        imu, still = item.imu, np.zeros((self._frames, IMU_AXES))
        check("imu", still if imu is None else imu, still.shape)
        seen = imu if imu is not None and has_rotation(imu) else None
        return {
            "maps": item.maps[None],
            "imu": (still if seen is None else seen).T[None],
            "has_imu": np.array([seen is not None]),
        }
