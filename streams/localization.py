"""`windows` (spatial) → `spatial`: where sounds come from (EgoLog §4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.serving.predict import LocalizerInput
from schemas import Spatial, Window
from streams.engine.features import feature, required
from streams.engine.outcome import Outcome

if TYPE_CHECKING:
    from faust.types import StreamT

    from streams.engine.app import EgoLogApp
    from streams.engine.kafka.received import Received


def register(app: EgoLogApp) -> None:
    """Add the localization agent to the app."""
    stage = app.publish_queue("localization")

    @app.reader("localization", "windows")
    async def localization_agent(stream: StreamT[Any]) -> None:
        async for received in stage.receive(stream):
            if received.message.kind == "spatial":
                await stage.put(localize(received), [received.token])
            else:
                await stage.put(Outcome(tokens=[received.token]))

    async def localize(received: Received[Window]) -> Outcome:
        window = received.message
        item = LocalizerInput(maps=required(window, "maps"), imu=feature(window, "imu"))
        regions = await app.runtime.sound_localizer.submit(item)
        spatial = Spatial(
            device_id=window.device_id,
            window_id=window.window_id,
            session_id=window.session_id,
            start_ns=window.start_ns,
            end_ns=window.end_ns,
            revision=app.runtime.revisions["localization"],
            regions=regions,
        )
        return Outcome([("spatial", received.partition, spatial)], tokens=[received.token])
