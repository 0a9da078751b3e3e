"""`windows` (scenario) → `evidence`: the situation of thirty seconds (EgoLog §4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.serving.predict import ScenarioInput
from schemas import Evidence, Vector, Window
from streams.engine.features import feature, presence
from streams.engine.outcome import Outcome

if TYPE_CHECKING:
    from faust.types import StreamT

    from streams.engine.app import EgoLogApp
    from streams.engine.kafka.received import Received


def register(app: EgoLogApp) -> None:
    """Add the scenario agent to the app."""
    stage = app.publish_queue("scenario")

    @app.reader("scenario", "windows")
    async def scenario_agent(stream: StreamT[Any]) -> None:
        async for received in stage.receive(stream):
            if received.message.kind == "scenario":
                await stage.put(recognise(received), [received.token])
            else:
                await stage.put(Outcome(tokens=[received.token]))

    async def recognise(received: Received[Window]) -> Outcome:
        window = received.message
        wearers = app.runtime.wearers
        found = await app.runtime.scenario_recognizer.submit(
            ScenarioInput(
                mel=feature(window, "mel"),
                imu=feature(window, "imu"),
                audio_mask=presence(window, "audio"),
                imu_mask=presence(window, "imu"),
                adapter=None if wearers is None else await wearers.adapter(window.device_id),
            )
        )
        evidence = Evidence(
            device_id=window.device_id,
            window_id=window.window_id,
            session_id=window.session_id,
            start_ns=window.start_ns,
            end_ns=window.end_ns,
            revision=found.revision,
            coverage=window.coverage,
            scenarios=found.scenarios,
            key_frames=found.key_frames,
            sound_events=found.sound_events,
            motion=found.motion,
            embeddings=Vector.of(found.embeddings, "<f2"),
            parts=window.parts,
            after=window.after,
        )
        return Outcome([("evidence", received.partition, evidence)], tokens=[received.token])
