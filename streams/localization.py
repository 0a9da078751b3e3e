"""Spatial windows → `spatial`: where sounds come from (EgoLog §4.2).

If a far source is likely, `spatial` also has the near share of the second (§4.3). This depends on
the second's own rounded probabilities alone, so a log does not depend on speed.

Seconds of two microphones that have motion are remembered: their regions' directions depend on the
session's seconds before, in event time.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from models.egolog.direction_memory import DirectionMemory
from models.egolog.interference_gate import wants_near_field
from models.egolog.microphone_balance import MicrophoneBalance
from models.serving.near_field import PLANES
from models.serving.predict import LocalizerInput
from schemas import NearPart, Spatial, Vector, Window
from streams.engine.features import feature, required_feature
from streams.engine.outcome import ValuedOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from infra.settings import Settings
    from models.egolog.near_share import NearShare
    from streams.engine.runtime import Runtime


def balance_after(balance: Sequence[float], window: Window) -> Sequence[float]:
    """Return the balance of a session's microphones after one more spatial window."""
    maps = required_feature(window, "maps")
    # Devices with one or four microphones have no balance.
    if len(maps) != PLANES:
        return balance
    return MicrophoneBalance.of(balance).after(maps).values()


Directions = bytes | asyncio.Task[ValuedOutcome[Spatial]]
"""A packed memory of directions, or the task of the second that leaves it."""


async def directions_after(second: Directions) -> bytes:
    """Return the memory after a second, waiting for its task; a failed one leaves nothing."""
    if isinstance(second, bytes):
        return second
    record = (await second).value
    return b"" if record is None else record.directions


class SpatialEstimator:
    """Localizes the sounds of each spatial window."""

    def __init__(self, settings: Settings, runtime: Callable[[], Runtime]) -> None:
        self._settings = settings
        self._runtime = runtime

    async def localize(
        self, window: Window, balance: Sequence[float] = (), before: Directions = b""
    ) -> Spatial:
        """Return a window's regions, with the memory of directions after it.

        `balance` is that of the session's two microphones up to this window, `before` the memory of
        directions.
        """
        runtime = self._runtime()
        maps = MicrophoneBalance.of(balance).correct(required_feature(window, "maps"))
        item = LocalizerInput(maps=maps, imu=feature(window, "imu"))
        regions, heat = await runtime.sound_localizer.submit(item)
        revision, near = runtime.revisions["localization"], None
        extractor = runtime.near_field_extractor
        two_ears = len(item.maps) == PLANES
        if extractor and two_ears and wants_near_field(regions, self._settings.near_field_from):
            near = _part(await extractor.submit(item.maps))
            revision = f"{revision}+{runtime.revisions['near_field']}"
        earlier = DirectionMemory.of(await directions_after(before))
        span = (window.start_ns, window.end_ns)
        remembered, memory = earlier.after(*span, regions, heat, item.imu)
        return Spatial(
            device_id=window.device_id,
            window_id=window.window_id,
            session_id=window.session_id,
            start_ns=window.start_ns,
            end_ns=window.end_ns,
            revision=revision,
            regions=remembered,
            near_field=near,
            alone=regions,
            directions=memory.pack(),
        )


def _part(near: NearShare) -> NearPart:
    return NearPart(share=Vector.of(near.share, "|u1"), energy=near.energy)
