"""Spatial windows → `spatial`: where sounds come from (EgoLog §4.2).

If a far source is likely, `spatial` also has the near share of the second (§4.3). This depends on
the second's own rounded probabilities alone, so a log does not depend on speed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.egolog.interference_gate import wants_near_field
from models.egolog.microphone_balance import MicrophoneBalance
from models.serving.near_field import PLANES
from models.serving.predict import LocalizerInput
from schemas import NearPart, Spatial, Vector, Window
from streams.engine.features import feature, required

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from infra.settings import Settings
    from models.egolog.near_share import NearShare
    from streams.engine.runtime import Runtime


def balance_after(balance: Sequence[float], window: Window) -> Sequence[float]:
    """Return the balance of a session's microphones after one more spatial window."""
    maps = required(window, "maps")
    # Devices with one or four microphones have no balance.
    if len(maps) != PLANES:
        return balance
    return MicrophoneBalance.of(balance).after(maps).values()


class SpatialEstimator:
    """Localizes the sounds of each spatial window."""

    def __init__(self, settings: Settings, runtime: Callable[[], Runtime]) -> None:
        self._settings = settings
        self._runtime = runtime

    async def localize(self, window: Window, balance: Sequence[float] = ()) -> Spatial:
        """Return a window's regions.

        `balance` is that of the session's two microphones up to this window.
        """
        runtime = self._runtime()
        maps = MicrophoneBalance.of(balance).balanced(required(window, "maps"))
        item = LocalizerInput(maps=maps, imu=feature(window, "imu"))
        regions = await runtime.sound_localizer.submit(item)
        revision, near = runtime.revisions["localization"], None
        extractor = runtime.near_field_extractor
        two_ears = len(item.maps) == PLANES
        if extractor and two_ears and wants_near_field(regions, self._settings.near_field_from):
            near = _part(await extractor.submit(item.maps))
            revision = f"{revision}+{runtime.revisions['near_field']}"
        return Spatial(
            device_id=window.device_id,
            window_id=window.window_id,
            session_id=window.session_id,
            start_ns=window.start_ns,
            end_ns=window.end_ns,
            revision=revision,
            regions=regions,
            near_field=near,
        )


def _part(near: NearShare) -> NearPart:
    return NearPart(share=Vector.of(near.share, "|u1"), energy=near.energy)
