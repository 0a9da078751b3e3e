from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from schemas import NearPart, Spatial, Vector
from schemas.sound_place import NearAndFarSounds
from streams.sound_events import SoundSeparator
from tests.streams.engine.fakes import Batcher
from tests.streams.engine.messages import estimate, spatial, window

PARTS = NearAndFarSounds({"siren": 0.1}, {"siren": 0.8})
MEL = Vector.of(np.repeat(np.arange(30.0), 50)[:, None] * np.ones((1, 64)) / 10, "<f2")
# Likeliest in the seconds 6 and 7.
SIREN = {"siren": [0.9 if at == 3 else 0.0 for at in range(15)]}


def localized_second(start_s: int, share: int | None = None) -> Spatial:
    one = spatial(start_s, left_far=0.9)
    if share is None:
        return one
    near = NearPart(share=Vector.of(np.full((50, 64), share), "|u1"), energy=0.5)
    return one.model_copy(update={"near_field": near})


async def apart(
    *seconds: Spatial, start_s: int = 0, network: Batcher | None = None, **changes: Any
) -> dict[int, NearAndFarSounds]:
    runtime: Any = SimpleNamespace(sound_separator=network)
    one = window("scenario", start_s)
    one = one.model_copy(update={"features": one.features | {"mel": MEL}})
    of = estimate(start_s, **{"event_segments": SIREN, **changes})
    return await SoundSeparator(lambda: runtime).apart(one, of, seconds)


@pytest.mark.parametrize("start_s", [0, 60])
async def test_near_and_far_are_named_where_an_event_was_likeliest(start_s: int) -> None:
    network = Batcher(PARTS)
    seconds = [
        localized_second(start_s + 6, 255),
        localized_second(start_s + 7, 0),
        localized_second(start_s + 8, 0),
    ]
    assert await apart(*seconds, start_s=start_s, network=network) == {3: PARTS}
    [parts] = network.items
    sixth, seventh = np.split(MEL.array()[300:400], 2)
    assert (parts.near[:50] == sixth).all()
    assert (parts.far[:50] == 0).all()
    assert (parts.near[50:] == 0).all()
    assert parts.far[50:] == pytest.approx(seventh, rel=0.002)


async def test_nothing_is_named_twice_without_a_near_field_there_or_without_the_network() -> None:
    network = Batcher(PARTS)
    assert await apart(localized_second(6), localized_second(8, 0), network=network) == {}
    assert await apart(localized_second(6, 0), network=network, event_segments={}) == {}
    # An audio tagger's segments are longer.
    tagged = {"siren": [0.0, 0.9, 0.0, 0.0, 0.0, 0.0]}
    assert await apart(localized_second(6, 0), network=network, event_segments=tagged) == {}
    assert network.items == []
    assert await apart(localized_second(6, 0)) == {}
