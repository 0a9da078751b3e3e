"""Scenario window + its estimate + `spatial` → its sound events, near and far (EgoLog §4.4.1).

If a far source was likely, the near field was extracted (§4.3): then the recogniser processes the
near part and the remainder separately, in the few segments in which sound events were likeliest.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np

from models.egolog.near_share import NearAndFar, NearShare
from models.network.windows import SEGMENT_S
from operators.sound_places import segments_apart
from schemas.frames import NS
from streams.engine.features import feature

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from schemas import ScenarioEstimate, Spatial, Window
    from schemas.sound_place import NearAndFarSounds
    from streams.engine.runtime import Runtime


class SoundSeparator:
    """Names near and far sounds separately where both may be present."""

    def __init__(self, runtime: Callable[[], Runtime]) -> None:
        self._runtime = runtime

    async def apart(
        self, window: Window, estimate: ScenarioEstimate, seconds: Sequence[Spatial]
    ) -> dict[int, NearAndFarSounds]:
        """Return the near and far sounds in segments of a window, by segment number.

        `seconds` are the localized ones of the window. Nothing is separated if no near field was
        extracted, or if an audio tagger names the sound events.
        """
        namer, mel = self._runtime().sound_separator, feature(window, "mel")
        if namer is None or mel is None:
            return {}
        shares = {
            (each.start_ns - window.start_ns) // NS: NearShare(
                each.near_field.share.array(), each.near_field.energy
            )
            for each in seconds
            if each.near_field is not None
        }
        count = (window.end_ns - window.start_ns) // (NS * SEGMENT_S)
        parts = np.split(mel, count)
        chosen = segments_apart(estimate, seconds, SEGMENT_S)
        separated = await asyncio.gather(
            *(
                namer.submit(
                    NearAndFar.of(
                        parts[at],
                        [shares.get(s) for s in range(at * SEGMENT_S, (at + 1) * SEGMENT_S)],
                    )
                )
                for at in chosen
            )
        )
        return dict(zip(chosen, separated, strict=True))
