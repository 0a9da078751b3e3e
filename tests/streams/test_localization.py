from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from infra import topics
from schemas import REGIONS
from streams.localization import SpatialEstimator
from tests.streams.engine.fakes import Batcher, Inbox, Queue
from tests.streams.engine.messages import window


async def test_spatial_windows_are_localized_and_the_others_acknowledged() -> None:
    inbox, network = Inbox(), Batcher(dict.fromkeys(REGIONS, 0.25))
    queue = Queue([inbox.receive(window(kind)) for kind in ("har", "spatial", "scenario")])
    runtime: Any = SimpleNamespace(sound_localizer=network, revisions={"localization": "r"})
    way_out: Any = queue
    stream: Any = None
    await SpatialEstimator(way_out, lambda: runtime).read(stream)
    [spatial] = queue.of(topics.SPATIAL)
    assert (spatial.window_id, spatial.revision) == ("d/s/spatial/0", "r")
    assert spatial.regions == dict.fromkeys(REGIONS, 0.25)
    [item] = network.items
    assert item.maps.shape == (1, 50, 64)
    assert inbox.acked == [0, 1, 2]
