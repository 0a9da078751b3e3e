from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from infra.device_state.live_states import LiveStates
from infra.settings import Settings
from schemas import Vector, Window
from schemas.frames import NS
from streams.live_view import LiveView
from tests.operators.live_results import T0, activity, spatial

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from redis.asyncio import Redis

    from infra.daily_log.store import LogStore


class Namer:
    """Names every segment alike, and remembers what it was given."""

    def __init__(self) -> None:
        self.segments: list[NDArray[Any]] = []

    async def submit(self, segment: NDArray[Any]) -> dict[str, float]:
        self.segments.append(segment)
        return {"speech": 0.9, "music": 0.05}


class Watching:
    """The view of a worker without networks."""

    def __init__(self, store: LogStore | None = None) -> None:
        self.namer = Namer()
        runtime: Any = SimpleNamespace(sound_namer=self.namer, log=store)
        self.after_ms = 0
        self.view = LiveView(Settings(_env_file=None), lambda: runtime, lambda _: self.after_ms)

    def add_window(self, *seconds: int, sound: bool = True) -> None:
        for second in seconds:
            self.view.add_window(window(second, sound))

    def page_state(self) -> dict[str, Any]:
        return self.view._states["d"].page_state()


def window(second: int, sound: bool = True) -> Window:
    mel = Vector.of(np.full((50, 64), second, np.float16))
    return Window(
        device_id="d",
        window_id=f"d/s/spatial/{second}",
        session_id="s",
        kind="spatial",
        start_ns=(T0 + second) * NS,
        end_ns=(T0 + second + 1) * NS,
        coverage={},
        features={"mel": mel} if sound else {},
        slices={},
    )


@pytest.fixture
async def watching(store: LogStore) -> Watching:
    return Watching(store)


async def test_nothing_is_kept_of_a_device_that_nobody_watches(watching: Watching) -> None:
    watching.add_window(0, 1)
    watching.view.add_record(spatial(0, front_near=0.9))
    assert watching.namer.segments == []
    assert watching.view._states == {}
    assert watching.view._seconds == {}


async def test_two_seconds_that_end_together_are_named(watching: Watching) -> None:
    watching.view.watch({"d"})
    watching.add_window(0, 1, 2, 4, 5)
    watching.view.add_record(spatial(5, front_near=0.9))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    # The third second's partner never came.
    assert [each[[0, -1], 0].tolist() for each in watching.namer.segments] == [[0, 1], [4, 5]]
    assert watching.page_state()["sounds"] == [
        {"name": "speech", "probability": 0.9, "where": ["near", "front"]}
    ]


async def test_without_sound_there_is_no_level(watching: Watching) -> None:
    watching.view.watch({"d"})
    watching.add_window(4)
    assert watching.page_state()["level_db"] > -100
    watching.add_window(5, sound=False)
    assert watching.page_state()["level_db"] is None


async def test_a_worker_writes_what_changed_of_watched_devices(
    watching: Watching, store: LogStore, redis: Redis
) -> None:
    states = LiveStates.of(store)
    assert await states.watch("d") is None
    stopped = False
    running = asyncio.create_task(watching.view.run(lambda: stopped))
    async with asyncio.timeout(20):
        while not watching.view._states:
            await asyncio.sleep(0.01)
        watching.add_window(0)
        watching.view.add_record(activity(-4))
        while (state := await states.watch("d")) is None:
            await asyncio.sleep(0.01)
    stopped = True
    await running
    assert (state["at"], state["activity"]["name"]) == ((T0 + 1) * 1_000, "talking")


async def test_who_is_watched_no_more_is_forgotten(watching: Watching, store: LogStore) -> None:
    watching.view.watch({"d"})
    watching.add_window(0)
    watching.view.watch(set())
    assert (watching.view._states, watching.view._seconds) == ({}, {})
    await watching.view.write(LiveStates.of(store))
    assert await LiveStates.of(store).watch("d") is None


async def test_a_state_of_before_an_erasure_is_not_written_after_it(
    watching: Watching, store: LogStore
) -> None:
    states = LiveStates.of(store)
    watching.view.watch({"d"})
    watching.add_window(0)
    # Frozen over the erasure, which its worker does not know yet.
    await store.erasures.erase("d", 1_000)
    await store.erasures.resume("d", 1_000)
    await watching.view.write(states)
    assert await states.watch("d") is None
    watching.add_window(1)
    # The device began anew.
    watching.after_ms = 1_000
    await watching.view.write(states)
    shown = await states.watch("d")
    assert shown is not None
    watching.add_window(3)
    await watching.view.write(states)
    later = await states.watch("d")
    assert later is not None
    assert later["at"] > shown["at"]
