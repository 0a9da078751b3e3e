"""`windows` (scenario) → `scenario.estimate`: the situation of thirty seconds (EgoLog §4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra import topics
from models.serving.audio_tagger import TAGGER_MEL
from models.serving.predict import ScenarioInput
from schemas import ScenarioEstimate, Vector, Window
from streams.engine.features import feature, presence
from streams.engine.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from faust.types import StreamT

    from streams.engine.app import EgoLogApp
    from streams.engine.kafka.received import Received
    from streams.engine.publish_queue import PublishQueue
    from streams.engine.runtime import Runtime


class ScenarioEstimator:
    """Estimates the scenario of each scenario window."""

    def __init__(self, queue: PublishQueue, runtime: Callable[[], Runtime]) -> None:
        self._queue = queue
        self._runtime = runtime

    async def read(self, stream: StreamT[Any]) -> None:
        """Estimate scenario windows side by side; windows of other kinds are acknowledged."""
        async for received in self._queue.receive(stream):
            if received.message.kind == "scenario":
                await self._queue.put(self.estimate(received), [received.token])
            else:
                await self._queue.put(Outcome(tokens=[received.token]))

    async def estimate(self, received: Received[Window]) -> Outcome:
        """Return a window's estimate to be published."""
        window = received.message
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
        estimate = ScenarioEstimate(
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
            embeddings=Vector.of(output.embeddings, "<f2"),
            parts=window.parts,
            after=window.after,
            familiarity=output.familiarity,
            unknown=output.unknown,
        )
        return Outcome(
            [(topics.SCENARIO_ESTIMATE, received.partition, estimate)], tokens=[received.token]
        )


def register(app: EgoLogApp) -> None:
    """Add the scenario estimator to the app."""
    estimator = ScenarioEstimator(app.publish_queue("scenario"), lambda: app.runtime)
    app.reader("scenario", (topics.WINDOWS,), estimator.read)
