"""`windows` (spatial) → `spatial`: where sounds come from (EgoLog §4.2).

Where a far source is likely, also what of the second is near (§4.3). Whether it is depends on the
second's own rounded probabilities alone, so a log does not depend on the speed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra import topics
from models.egolog.interference_gate import wants_near_field
from models.serving.near_field import PLANES
from models.serving.predict import LocalizerInput
from schemas import NearPart, Spatial, Vector, Window
from streams.engine.features import feature, required
from streams.engine.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from faust.types import StreamT

    from infra.settings import Settings
    from models.egolog.near_field import NearShare
    from streams.engine.app import EgoLogApp
    from streams.engine.kafka.received import Received
    from streams.engine.publish_queue import PublishQueue
    from streams.engine.runtime import Runtime


class SpatialEstimator:
    """Localizes the sounds of each spatial window."""

    def __init__(
        self, queue: PublishQueue, settings: Settings, runtime: Callable[[], Runtime]
    ) -> None:
        self._queue = queue
        self._settings = settings
        self._runtime = runtime

    async def read(self, stream: StreamT[Any]) -> None:
        """Localize spatial windows side by side; windows of other kinds are acknowledged."""
        async for received in self._queue.receive(stream):
            if received.message.kind == "spatial":
                await self._queue.put(self.localize(received), [received.token])
            else:
                await self._queue.put(Outcome(tokens=[received.token]))

    async def localize(self, received: Received[Window]) -> Outcome:
        """Return a window's regions to be published."""
        window = received.message
        runtime = self._runtime()
        item = LocalizerInput(maps=required(window, "maps"), imu=feature(window, "imu"))
        regions = await runtime.sound_localizer.submit(item)
        revision, near = runtime.revisions["localization"], None
        extractor = runtime.near_field_extractor
        two_ears = len(item.maps) == PLANES
        if extractor and two_ears and wants_near_field(regions, self._settings.near_field_from):
            near = _part(await extractor.submit(item.maps))
            revision = f"{revision}+{runtime.revisions['near_field']}"
        spatial = Spatial(
            device_id=window.device_id,
            window_id=window.window_id,
            session_id=window.session_id,
            start_ns=window.start_ns,
            end_ns=window.end_ns,
            revision=revision,
            regions=regions,
            near_field=near,
        )
        return Outcome([(topics.SPATIAL, received.partition, spatial)], tokens=[received.token])


def _part(near: NearShare) -> NearPart:
    return NearPart(share=Vector.of(near.share, "|u1"), energy=near.energy)


def register(app: EgoLogApp) -> None:
    """Add the localization agent to the app."""
    agent = SpatialEstimator(app.publish_queue("localization"), app.settings, lambda: app.runtime)
    app.reader("localization", (topics.WINDOWS,), agent.read)
