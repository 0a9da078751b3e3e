from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from infra.settings import Settings
from models.egolog.direction_memory import DirectionMemory
from models.egolog.near_share import NearShare
from models.serving.predict import LocatedSecond
from schemas import REGIONS, Spatial, Vector
from streams.engine.outcome import ValuedOutcome
from streams.localization import SpatialEstimator, balance_after, directions_after
from tests.streams.engine.fakes import Batcher
from tests.streams.engine.messages import window

if TYPE_CHECKING:
    from schemas import Window

SHARE = np.arange(3200, dtype=np.uint32).reshape(50, 64).astype(np.uint8)


def agent(network: Batcher, extractor: Batcher | None, **settings: Any) -> SpatialEstimator:
    runtime: Any = SimpleNamespace(
        sound_localizer=network,
        near_field_extractor=extractor,
        revisions={"localization": "r", "near_field": "n"},
    )
    return SpatialEstimator(Settings(_env_file=None, **settings), lambda: runtime)


async def localize(planes: int, far: float, extractor: Batcher | None, **settings: Any) -> Spatial:
    maps = Vector.of(np.full((planes, 50, 64), 7.0), "<f2")
    one = window("spatial", features={"maps": maps})
    regions = dict.fromkeys(REGIONS, 0.0) | {"back-far": far, "left-near": 1.0}
    network = Batcher(LocatedSecond(regions, None))
    return await agent(network, extractor, **settings).localize(one)


async def test_the_regions_of_a_second_are_those_that_the_network_names() -> None:
    network = Batcher(LocatedSecond(dict.fromkeys(REGIONS, 0.25), None))
    spatial = await agent(network, None).localize(window("spatial"))
    assert (spatial.window_id, spatial.revision) == ("d/s/spatial/0", "r")
    assert spatial.regions == dict.fromkeys(REGIONS, 0.25)
    [item] = network.items
    assert item.maps.shape == (1, 50, 64)


async def test_where_a_far_source_is_likely_its_second_carries_the_near_fields_share() -> None:
    extractor = Batcher(NearShare(SHARE, 0.25))
    spatial = await localize(3, 0.5, extractor)
    [maps] = extractor.items
    assert maps.shape == (3, 50, 64)
    assert (maps == 7.0).all()
    assert spatial.revision == "r+n"
    again = Spatial.decode(spatial.encode())
    assert again.near_field is not None
    assert again.near_field.energy == 0.25
    assert np.array_equal(again.near_field.share.array(), SHARE)


async def test_two_microphones_are_heard_as_if_they_were_alike() -> None:
    maps = np.full((3, 50, 64), 7.0, np.float16)
    maps[0] += np.log(10) / 5
    one = window("spatial", features={"maps": Vector.of(maps, "<f2")})
    network = Batcher(LocatedSecond(dict.fromkeys(REGIONS, 1.0), None))
    extractor = Batcher(NearShare(SHARE, 0.25))
    await agent(network, extractor).localize(one, (300.0, 2.0))
    for sound in (network.items[0].maps, extractor.items[0]):
        assert sound[0] == pytest.approx(sound[1], abs=0.01)


def test_each_second_of_two_microphones_says_how_alike_they_are() -> None:
    maps = np.full((3, 50, 64), 7.0, np.float16)
    maps[0] += np.log(10) / 5
    maps[2, :, 32] = 1.0
    maps[2, :, :32] = maps[2, :, 33:] = 0.0
    two = window("spatial", features={"maps": Vector.of(maps, "<f2")})
    balance = balance_after(balance_after((), two), two)
    assert balance == pytest.approx((2, 2 * 2 / (3 + 2)), abs=0.05)
    one = window("spatial", features={"maps": Vector.of(maps[:1], "<f2")})
    assert balance_after(balance, one) == balance


@pytest.mark.parametrize(
    ("planes", "far", "at_least"), [(3, 0.4999, 0.5), (1, 1.0, 0.0), (10, 1.0, 0.0)]
)
async def test_without_a_likely_far_source_or_two_ears_no_share_is_looked_for(
    planes: int, far: float, at_least: float
) -> None:
    extractor = Batcher(NearShare(SHARE, 0.25))
    spatial = await localize(planes, far, extractor, near_field_from=at_least)
    assert (spatial.near_field, spatial.revision, extractor.items) == (None, "r", [])


async def test_a_worker_without_the_network_looks_for_no_share() -> None:
    spatial = await localize(3, 1.0, None)
    assert (spatial.near_field, spatial.revision) == (None, "r")


def remembered_window(second: int, *, planes: int = 3, motion: bool = True) -> Window:
    features = {"maps": Vector.of(np.full((planes, 50, 64), 7.0), "<f2")}
    if motion:
        imu = np.random.default_rng(second).normal(0, 1, (50, 6)).astype(np.float32)
        features["imu"] = Vector.of(imu)
    return window("spatial", second, features=features)


def located_second(seed: int) -> LocatedSecond:
    rng = np.random.default_rng(seed)
    regions = {name: round(float(p), 4) for name, p in zip(REGIONS, rng.random(8), strict=True)}
    return LocatedSecond(regions, rng.normal(-3, 3, (2, 72)).astype(np.float32))


async def test_the_directions_of_a_second_are_those_of_the_memory() -> None:
    memory, before = DirectionMemory(), b""
    for second in range(4):
        one, located = remembered_window(second), located_second(second)
        localized = await agent(Batcher(located), None).localize(one, (), before)
        imu = one.features["imu"].array()
        regions, memory = memory.after(one.start_ns, one.end_ns, *located, imu)
        assert localized.regions == regions
        assert localized.by_itself == located.regions
        assert (regions == located.regions) == (second == 0)
        before = localized.directions
        assert before == memory.pack()
    again = Spatial.decode(localized.encode())
    assert again.regions == again.by_itself == regions
    assert (again.alone, again.directions) == ({}, b"")


@pytest.mark.parametrize("missing", [{"planes": 1}, {"planes": 10}, {"motion": False}])
async def test_without_two_ears_or_motion_nothing_is_remembered(missing: dict[str, Any]) -> None:
    first = await agent(Batcher(located_second(0)), None).localize(remembered_window(0))
    located = located_second(1)._replace(heat=None) if "planes" in missing else located_second(1)
    second = remembered_window(1, **missing)
    localized = await agent(Batcher(located), None).localize(second, (), first.directions)
    assert first.directions
    assert localized.directions == b""
    assert localized.regions == located.regions


async def test_a_failed_second_leaves_no_directions() -> None:
    async def failed() -> ValuedOutcome[Spatial]:
        return ValuedOutcome()

    assert await directions_after(asyncio.create_task(failed())) == b""
    assert await directions_after(b"kept") == b"kept"
