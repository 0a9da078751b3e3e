"""A rule through a whole worker: told once, also when the day is replayed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from infra.broker import topic_creation
from infra.broker.topic_reader import read_letters
from streams.producers.recordings import open_recordings
from streams.producers.replay import Replay, ReplayOptions
from tests.infra.notifications.endpoint import serve_endpoint
from tests.pipeline.running import Worker, settings_for, unique_name, wait_until_settled

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Services

MINUTES = 2
RULES = """
[targets.hook]
kind = "webhook"
url = "{url}/in"

[[rules]]
name = "cooking"
when = "scenario Cooking > 0"
notify = ["hook"]
cool_down = "1 d"
not_older_than = "100000 d"

[[rules]]
name = "too late"
when = "scenario Eating > 0"
notify = ["hook"]
"""


@pytest.mark.pipeline
@pytest.mark.timeout(600)
async def test_what_holds_is_notified_of_once_also_over_a_replay(
    services: Services, tmp_path: Path
) -> None:
    async with serve_endpoint() as (endpoint, url):
        rules = tmp_path / "rules.toml"
        rules.write_text(RULES.format(url=url))
        settings = settings_for(
            services, tmp_path / "run", unique_name("notifications"), notifications=rules
        )
        await topic_creation.create(settings)
        recordings = open_recordings(f"simulated:14:{MINUTES}")
        with Worker(settings) as worker:
            for _ in range(2):
                await Replay(settings, ReplayOptions(speed=None)).run(recordings)
                await asyncio.to_thread(wait_until_settled, worker)
            await asyncio.to_thread(worker.wait_until, lambda: endpoint.asked)
            history = worker.get("/api/v1/notifications").json()["history"]
            states = {row["rule"]: row["targets"]["hook"]["state"] for row in history}
            assert states == {"cooking": "sent", "too late": "old"}
            assert not await read_letters(settings)
    assert [body["rule"] for _, _, body in endpoint.asked] == ["cooking"]
