"""The networks as a worker runs them, without broker and agents.

Windows, interference gate and scenario context are the pipeline's own; there are no topics and no
late frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.egolog.interference_gate import (
    NEAR_FIELD_FROM,
    GateSecond,
    Interference,
    apply_gate,
    far_only_segments,
    is_attended,
    wants_near_field,
)
from models.egolog.localization import LOCALIZATION
from models.research.egolog.days.composed import FRAMES
from models.research.egolog.days.encoded import ACTIVITY_S, SEGMENT_S
from models.research.egolog.scenario import WINDOW_S
from models.serving.encoded_seconds import SecondEncoder
from models.serving.near_field import NearFieldExtractor
from models.serving.predict import (
    ActivityRecognizer,
    HarInput,
    ScenarioInput,
    ScenarioOutput,
    ScenarioRecognizer,
    detected_scenarios,
)
from schemas.evidence import REGIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from models.serving.registry import Registry

_DECIMALS = 4


@dataclass(frozen=True)
class WindowEstimate:
    """The networks' estimates for a scenario window of thirty seconds.

    `regions` (30, 8) float64 are region probabilities by second, `activities` the results of each
    5 s window.
    """

    regions: NDArray[np.float64]
    activities: list[dict[str, float]]
    scenario: ScenarioOutput


class OfflinePipeline:
    """Runs the networks of a registry over windows of thirty seconds; keeps no state.

    `interference` is the worker's setting, `revision` that of all the networks together.
    """

    def __init__(self, registry: Registry, interference: Interference = "drop") -> None:
        self._interference = interference
        self._extractor = NearFieldExtractor(registry) if interference == "near" else None
        localization = registry.load(LOCALIZATION)
        self._localization = localization.module
        second_encoder = SecondEncoder(registry)
        self._scenario_recognizer = ScenarioRecognizer(registry, second_encoder=second_encoder)
        self._activity_recognizer = ActivityRecognizer(registry, second_encoder)
        models = (localization, self._scenario_recognizer, self._activity_recognizer)
        revisions = [model.revision for model in models]
        if self._extractor is not None:
            revisions.append(self._extractor.revision)
        self.revision = sha256("".join(revisions).encode()).hexdigest()[:12]

    def estimate(
        self,
        mel: NDArray[np.float16],
        maps: NDArray[np.float16],
        imu: NDArray[np.float32],
        context: Mapping[str, float] | None,
    ) -> WindowEstimate:
        """Return the estimate of `mel` (1500, 64), `maps` (30, 3, 50, 64) and `imu` (1500, 6).

        `context` is the scenario of the previous window, an input of activity recognition
        (`models.serving.scenario_context`).
        """
        regions = self._regions(maps, imu.reshape(WINDOW_S, FRAMES, -1))
        named = [dict(zip(REGIONS, second.tolist(), strict=True)) for second in regions]
        activities = []
        for start in range(0, WINDOW_S, ACTIVITY_S):
            inside = slice(start, start + ACTIVITY_S)
            seconds = seconds_for_gate(named[inside], maps[inside], self._extractor)
            frames = slice(start * FRAMES, (start + ACTIVITY_S) * FRAMES)
            far_attended = is_attended(detected_scenarios(context or {}))
            sound = apply_gate(mel[frames], seconds, "off" if far_attended else self._interference)
            window = HarInput(sound.mel, imu[frames], context, dropped=sound.gate == "dropped")
            activities += self._activity_recognizer.predict([window])
        present = np.ones(WINDOW_S, dtype=bool)
        gate_seconds = [GateSecond(at, second) for at, second in enumerate(named)]
        far_only = None
        if self._interference != "off":
            far_only = far_only_segments(gate_seconds, WINDOW_S // SEGMENT_S)
        whole = ScenarioInput(mel, imu, present, present, far_only=far_only)
        return WindowEstimate(regions, activities, self._scenario_recognizer.predict([whole])[0])

    def _regions(self, maps: NDArray[np.float16], imu: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return region probabilities (30, 8), batched: they differ in the last bits only."""
        with torch.inference_mode():
            probabilities = self._localization.regions(
                torch.from_numpy(maps.astype(np.float32)),
                torch.from_numpy(np.ascontiguousarray(imu.transpose(0, 2, 1))),
            )
        regions: NDArray[np.float64] = np.round(probabilities.double().numpy(), _DECIMALS)
        return regions


def seconds_for_gate(
    regions: Sequence[Mapping[str, float]],
    maps: NDArray[np.float16],
    extractor: NearFieldExtractor | None,
    at_least: float = NEAR_FIELD_FROM,
) -> list[GateSecond]:
    """Return the spatial input of one activity window, as a worker prepares it.

    `maps` (L, 3, 50, 64) and the probabilities `regions` are of its L seconds. The near field is
    extracted as in a worker, and not at all without `extractor`.
    """
    return [
        GateSecond(
            at,
            named,
            extractor.predict([gate_seconds])[0]
            if extractor is not None and wants_near_field(named, at_least)
            else None,
        )
        for at, (named, gate_seconds) in enumerate(zip(regions, maps, strict=True))
    ]
