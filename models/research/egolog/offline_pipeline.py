"""The networks as a worker asks them, without the pipeline around them.

Windows, gate and the scenario that an activity is told are the pipeline's; there are no topics and
nothing ever arrives late.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.egolog.interference_gate import FAR_ABOVE, far_field, interference_gate
from models.egolog.localization import LOCALIZATION
from models.research.egolog.composed_days import FRAMES
from models.research.egolog.encoded_days import ACTIVITY_S
from models.research.egolog.scenario import WINDOW_S
from models.serving.predict import (
    ActivityRecognizer,
    HarInput,
    ScenarioInput,
    ScenarioOutput,
    ScenarioRecognizer,
)
from schemas.evidence import REGIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from models.serving.registry import Registry

_DECIMALS = 4


@dataclass(frozen=True)
class WindowEstimate:
    """What the networks make of thirty seconds.

    `regions` (30, 8) float64 are the probabilities of the regions of each second, `activities`
    those of each 5 s window.
    """

    regions: NDArray[np.float64]
    activities: list[dict[str, float]]
    scenario: ScenarioOutput


class OfflinePipeline:
    """Runs the networks of a registry over windows of thirty seconds; keeps no state.

    `revision` is that of all the networks together.
    """

    def __init__(self, registry: Registry) -> None:
        localization = registry.load(LOCALIZATION)
        self._localization = localization.module
        self._scenario_recognizer = ScenarioRecognizer(registry)
        self._activity_recognizer = ActivityRecognizer(registry)
        models = (localization, self._scenario_recognizer, self._activity_recognizer)
        self.revision = sha256("".join(m.revision for m in models).encode()).hexdigest()[:12]

    def estimate(
        self,
        mel: NDArray[np.float16],
        maps: NDArray[np.float16],
        imu: NDArray[np.float32],
        context: Mapping[str, float] | None,
    ) -> WindowEstimate:
        """Return the estimate of `mel` (1500, 64), `maps` (30, 3, 50, 64) and `imu` (1500, 6).

        `context` is the scenario estimate of the window before, which the activities are told.
        """
        regions = self._regions(maps, imu.reshape(WINDOW_S, FRAMES, -1))
        seconds = [dict(zip(REGIONS, second.tolist(), strict=True)) for second in regions]
        activities = []
        for start in range(0, WINDOW_S, ACTIVITY_S):
            gate = interference_gate(far_field(seconds[start : start + ACTIVITY_S]), FAR_ABOVE)
            frames = slice(start * FRAMES, (start + ACTIVITY_S) * FRAMES)
            window = HarInput(mel[frames] if gate == "open" else None, imu[frames], context)
            activities += self._activity_recognizer.predict([window])
        present = np.ones(WINDOW_S, dtype=bool)
        whole = ScenarioInput(mel, imu, present, present)
        return WindowEstimate(regions, activities, self._scenario_recognizer.predict([whole])[0])

    def _regions(self, maps: NDArray[np.float16], imu: NDArray[np.float32]) -> NDArray[np.float64]:
        """Regions (30, 8) of each second; all at once, which differs in the last bits only."""
        with torch.inference_mode():
            probabilities = self._localization.regions(
                torch.from_numpy(maps.astype(np.float32)),
                torch.from_numpy(np.ascontiguousarray(imu.transpose(0, 2, 1))),
            )
        regions: NDArray[np.float64] = np.round(probabilities.double().numpy(), _DECIMALS)
        return regions
