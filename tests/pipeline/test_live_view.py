"""What is heard and done now, from a device's sound to what a page is told, in real time."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

import pytest

from infra.broker import topic_creation
from models.labels import ACTIVITIES
from schemas.frames import NS
from streams.producers.recordings import open_recordings
from streams.producers.replay import Replay, ReplayOptions
from tests.pipeline.running import Worker, settings_for, unique_name

if TYPE_CHECKING:
    from pathlib import Path

    from models.recordings.protocol import Recording
    from tests.conftest import Services

MINUTES = 1.5
LOOK_S = 0.1
MS = 1000


async def looked_at(
    worker: Worker, device: str, replaying: asyncio.Task[Any]
) -> list[tuple[float, dict[str, Any]]]:
    """Return each new state and when it was seen, until nothing is replayed any more."""
    states: list[tuple[float, dict[str, Any]]] = []
    while not replaying.done():
        answer = await asyncio.to_thread(worker.get, f"/api/v1/live?device={device}")
        state = answer.json()
        # Of a device without a log there is none.
        shown = answer.status_code == HTTPStatus.OK and state["at"] is not None
        if shown and (not states or state != states[-1][1]):
            states.append((time.monotonic(), state))
        await asyncio.sleep(LOOK_S)
    return states


@pytest.mark.pipeline
@pytest.mark.timeout(600)
@pytest.mark.parametrize("services", ["embedded"], indirect=True)
async def test_who_looks_sees_each_second_soon_and_in_order(
    services: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_for(services, tmp_path / "run", unique_name("live"))
    await topic_creation.create(settings)
    [recording] = open_recordings(f"simulated:14:{MINUTES}")
    start_ms = recording.start_ns * MS // NS
    sent_s: dict[int, float] = {}

    def sent(_: Recording, seconds: float) -> None:
        sent_s[round(seconds * MS)] = time.monotonic()

    with Worker(settings) as worker:
        replay = Replay(settings, ReplayOptions(speed=1.0))
        replaying = asyncio.create_task(replay.run([recording], sent))
        states = await looked_at(worker, recording.device_id, replaying)
        await replaying
    ends = [state["at"] for _, state in states]
    assert all(before <= after for before, after in pairwise(ends))
    assert states[-1][1]["activity"]["name"] in ACTIVITIES
    assert any(state["sounds"] for _, state in states)
    # A state changes with each result of its second: the first one is its sound.
    first: dict[int, float] = {}
    for seen_s, state in states:
        first.setdefault(state["at"] - start_ms, seen_s)
    delays = [seen_s - sent_s[end] for end, seen_s in first.items() if end in sent_s]
    assert delays
    with capsys.disabled():
        print(
            f"\n{len(first)} of {MINUTES * 60:.0f} seconds seen, the first of which was number "
            f"{min(first) // MS}; from a second's last sample to its level: "
            f"median {median(delays):.2f} s, at most {max(delays):.2f} s"
        )
