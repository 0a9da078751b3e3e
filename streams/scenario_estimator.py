"""Scenario windows + `spatial` → estimates: the scenario of thirty seconds (EgoLog §4.1).

If interference is handled (§4.3), a second estimate ignores the segments with far sound only; the
following activities use that one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.egolog.audio_tagger.input import TAGGER_MEL
from models.egolog.interference_gate import GateSecond, far_only_segments
from models.egolog.scenario_memory import smooth_estimates
from models.egolog.segment_row import AFTER_EMBEDDINGS
from models.network.windows import SEGMENT_S
from models.serving.predict import ScenarioInput, ScenarioOutput
from models.serving.scenario_context import scenario_context
from operators.recent_estimates import recent_estimates
from schemas import PackedRows, ScenarioEstimate
from schemas.frames import NS
from streams.engine.features import feature, presence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from infra.settings import Settings
    from models.serving.window_ahead import WindowAhead
    from schemas import Spatial, Window
    from schemas.message import Probabilities
    from streams.engine.runtime import Runtime


class ScenarioEstimator:
    """Estimates the scenario of each scenario window."""

    def __init__(self, settings: Settings, runtime: Callable[[], Runtime]) -> None:
        self._settings = settings
        self._runtime = runtime

    async def estimate(self, window: Window, seconds: Sequence[Spatial] = ()) -> ScenarioEstimate:
        """Return a window's estimate; `seconds` are its localized ones."""
        runtime = self._runtime()
        wearers, corrected = runtime.wearers, runtime.corrected
        output = await runtime.scenario_recognizer.submit(
            ScenarioInput(
                mel=feature(window, "mel"),
                imu=feature(window, "imu"),
                audio_mask=presence(window, "audio"),
                imu_mask=presence(window, "imu"),
                adapter=None if wearers is None else await wearers.adapter(window.device_id),
                tagger_mel=feature(window, TAGGER_MEL),
                far_only=far_only(window, seconds, self._settings),
                corrections=(
                    None if corrected is None else await corrected.adapter(window.device_id)
                ),
            )
        )
        return estimate_of(window, output)

    async def prepare(self, ahead: WindowAhead) -> None:
        """Compute what the estimate of an open window will need."""
        await self._runtime().scenario_ahead.submit(ahead)


def far_only(
    window: Window, seconds: Sequence[Spatial], settings: Settings
) -> NDArray[np.bool_] | None:
    """Return the segments of a window with far sound only (EgoLog §4.3).

    None if interference is not handled.
    """
    if settings.interference == "off":
        return None
    localized = [GateSecond((s.start_ns - window.start_ns) // NS, s.by_itself) for s in seconds]
    return far_only_segments(localized, len(presence(window, "audio")) // SEGMENT_S)


def estimate_of(window: Window, output: ScenarioOutput) -> ScenarioEstimate:
    """Return the networks' results for a window as a message."""
    return ScenarioEstimate(
        device_id=window.device_id,
        window_id=window.window_id,
        session_id=window.session_id,
        start_ns=window.start_ns,
        end_ns=window.end_ns,
        revision=output.revision,
        coverage=window.coverage,
        scenarios=output.scenarios,
        key_frames=output.key_frames,
        sound_events=output.sound_events,
        motion=output.motion,
        embeddings=PackedRows.of(output.embeddings, AFTER_EMBEDDINGS),
        parts=window.parts,
        after=window.after,
        familiarity=output.familiarity,
        unknown=output.unknown,
        event_segments=output.event_segments,
        undisturbed=output.undisturbed,
    )


def context(estimate: ScenarioEstimate, memory: Sequence[float] = ()) -> Probabilities:
    """Return the scenario context for the activities after an estimate.

    It is empty if the scenario is unknown, or of motion alone: that says less of a real wearer than
    the activity's own motion, and draws those who stand at their desk into sitting. `memory` is the
    session's, with this estimate as its last; without one, the estimate is used.
    """
    if estimate.unknown or not estimate.coverage.get("audio"):
        return {}
    recent = recent_estimates(memory, list(estimate.scenarios))
    alone = [(estimate.start_ns / NS, estimate.scenarios)]
    return scenario_context(recent or alone, estimate.undisturbed)


def with_memory(estimate: ScenarioEstimate, memory: Sequence[float]) -> ScenarioEstimate:
    """Return an estimate smoothed by its session's `memory`, of which it is the last.

    An unknown one is unchanged: it is independent of what was likely before.
    """
    if estimate.unknown:
        return estimate
    scenarios = smooth_estimates(recent_estimates(memory, list(estimate.scenarios)))
    in_order = {name: scenarios[name] for name in estimate.scenarios}
    return estimate.model_copy(update={"scenarios": in_order})
