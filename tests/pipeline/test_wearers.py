from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from infra.broker import topic_creation
from infra.broker.topic_reader import read_all, read_letters
from models.egolog.scenario import SCENARIO
from models.serving.registry import Registry
from models.serving.served import ENCODERS
from schemas import Scenario
from streams.producers.recordings import open_recordings
from streams.producers.replay import Replay, ReplayOptions
from tests.pipeline.llm_endpoint import LlmEndpoint, completion
from tests.pipeline.running import Worker, settings_for, unique_name, wait_until_settled

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Services

LABEL = "Reading books"


@pytest.mark.pipeline
@pytest.mark.timeout(300)
async def test_what_was_refined_of_a_wearer_shifts_the_wearers_later_windows(
    services: Services, tmp_path: Path
) -> None:
    with LlmEndpoint(lambda body: (200, completion(LABEL))) as endpoint:
        settings = settings_for(
            services,
            tmp_path / "run",
            unique_name("wearer"),
            wearer_adaptation=True,
            llm_confidence_threshold=1.0,
            llm_base_url=endpoint.url,
            llm_api_key="key",
        )
        await topic_creation.create(settings)
        with Worker(settings) as worker:
            # Slow enough for an answer to come before a later window is scored.
            await Replay(settings, ReplayOptions(speed=30.0)).run(open_recordings("simulated:17:4"))
            await asyncio.to_thread(wait_until_settled, worker)
            assert not await read_letters(settings)
            forgot = worker.command("models", "forget", "simulated-17")
    assert forgot == "forgot the wearer of device 'simulated-17'\n"
    network = Registry().load(SCENARIO).revision
    encoders = Registry(precision="int8").open(ENCODERS).recorded
    found = {record.window_id: record for record in await read_all(settings, "scenario", Scenario)}
    records = sorted(found.values(), key=lambda record: record.start_ns)
    assert records[0].revision == f"{network}+{encoders}"
    assert records[-1].revision.startswith(f"{network}+{encoders}+w")
    learned = [int(record.revision.partition("+w")[2] or 0) for record in records]
    assert learned == sorted(learned)
    assert learned[-1] >= 3
