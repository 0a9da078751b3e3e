"""Scenario windows → estimates: the situation of thirty seconds (EgoLog §4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.egolog.audio_tagger.input import TAGGER_MEL
from models.egolog.scenario_memory import remembered
from models.egolog.segment_row import AFTER_EMBEDDINGS
from models.serving.predict import ScenarioInput, ScenarioOutput
from operators.recent_estimates import recent_estimates
from schemas import PackedRows, ScenarioEstimate
from streams.engine.features import feature, presence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.serving.segment_sounds import SoundAhead
    from schemas import Window
    from schemas.message import Probabilities
    from streams.engine.runtime import Runtime


class ScenarioEstimator:
    """Estimates the scenario of each scenario window."""

    def __init__(self, runtime: Callable[[], Runtime]) -> None:
        self._runtime = runtime

    async def estimate(self, window: Window) -> ScenarioEstimate:
        """Return a window's estimate."""
        runtime = self._runtime()
        wearers = runtime.wearers
        output = await runtime.scenario_recognizer.submit(
            ScenarioInput(
                mel=feature(window, "mel"),
                imu=feature(window, "imu"),
                audio_mask=presence(window, "audio"),
                imu_mask=presence(window, "imu"),
                adapter=None if wearers is None else await wearers.adapter(window.device_id),
                tagger_mel=feature(window, TAGGER_MEL),
            )
        )
        return estimate_of(window, output)

    async def prepare(self, sound: SoundAhead) -> None:
        """Compute of a window that is still open what its estimate will need of its sound."""
        await self._runtime().scenario_ahead.submit(sound)


def estimate_of(window: Window, output: ScenarioOutput) -> ScenarioEstimate:
    """Return what the networks say of a window as a message."""
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
    )


def context(estimate: ScenarioEstimate) -> Probabilities:
    """Return what the activities after an estimate are told of it: nothing of an unknown one."""
    return {} if estimate.unknown else estimate.scenarios


def with_memory(estimate: ScenarioEstimate, memory: Sequence[float]) -> ScenarioEstimate:
    """Return an estimate after those of its session's `memory`, of which it is the last.

    An unknown one stays as it is: what was likely before says nothing of it.
    """
    if estimate.unknown:
        return estimate
    scenarios = remembered(recent_estimates(memory, list(estimate.scenarios)))
    in_order = {name: scenarios[name] for name in estimate.scenarios}
    return estimate.model_copy(update={"scenarios": in_order})
