from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from infra.broker import topic_creation
from infra.broker.topic_reader import read_all
from models.egolog.offline_expert import Expert
from models.labels import SCENARIOS
from schemas import FinetuneItem, Refined, Scenario
from streams.producers.recordings import open_recordings
from streams.producers.replay import Replay, ReplayOptions
from tests.pipeline.llm_endpoint import LlmEndpoint, completion
from tests.pipeline.log import log_content
from tests.pipeline.running import Worker, settings_for, unique_name, wait_until_settled

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Services

# Every record is uncertain: what is tried here is the way through the refiner.
ALWAYS = 1.0


@pytest.mark.timeout(400)
async def test_uncertain_windows_are_refined_queued_and_logged(
    services: Services, tmp_path: Path
) -> None:
    with LlmEndpoint(lambda body: (200, completion("Reading books"))) as endpoint:
        settings = settings_for(
            services,
            tmp_path / "run",
            unique_name("refine"),
            llm_confidence_threshold=ALWAYS,
            llm_base_url=endpoint.url,
            llm_api_key="secret-key",
        )
        await topic_creation.create(settings)
        with Worker(settings) as worker:
            recordings = open_recordings("simulated:14:1")
            await Replay(settings, ReplayOptions(speed=None)).run(recordings)
            wait_until_settled(worker)
            assert worker.metric("egolog_llm_calls_total") == 2
            assert b"secret-key" not in worker.logs[0].read_bytes()
        requests = endpoint.requests

    refined = await read_all(settings, "scenario.refined", Refined)
    queue = await read_all(settings, "finetune.queue", FinetuneItem)
    scenarios = await read_all(settings, "scenario", Scenario)
    ids = {record.window_id for record in scenarios}
    assert len(ids) == 2
    assert {r.window_id for r in refined} == {q.window_id for q in queue} == ids
    for answer in refined:
        assert answer.scenarios == ["Reading books"]
        assert answer.refined_by == settings.llm_model
        assert answer.tokens == 10
    for item in queue:
        assert item.pseudo_labels == ["Reading books"]
        assert item.embeddings.array().shape[0] == 15
    for request in requests:
        text = json.dumps(request["messages"])
        assert "preliminary scenario estimation" in text
        assert all(json.dumps(name)[1:-1] in text for name in SCENARIOS)
        assert recordings[0].device_id not in text
    [rows] = (await log_content(settings)).values()
    assert "Reading books" in json.dumps([r for r in rows if r["row"] == "scenario"])


@pytest.mark.pipeline
@pytest.mark.timeout(400)
async def test_without_a_key_the_offline_expert_refines(services: Services, tmp_path: Path) -> None:
    settings = settings_for(
        services, tmp_path / "run", unique_name("off"), llm_confidence_threshold=ALWAYS
    )
    await topic_creation.create(settings)
    with Worker(settings) as worker:
        await Replay(settings, ReplayOptions(speed=None)).run(open_recordings("simulated:14:1"))
        wait_until_settled(worker)
    expert = Expert.load()
    scenarios = sorted(
        await read_all(settings, "scenario", Scenario), key=lambda record: record.start_ns
    )
    refined = {r.window_id: r for r in await read_all(settings, "scenario.refined", Refined)}
    queue = {q.window_id: q for q in await read_all(settings, "finetune.queue", FinetuneItem)}
    assert len(scenarios) == len(refined) == 2
    judged = {}
    for number, record in enumerate(scenarios):
        opinion = expert.judge(record, scenarios[:number])
        answer = refined[record.window_id]
        assert answer.reason == opinion.reason
        assert answer.refined_by == (expert.name if opinion.scenarios else "none")
        if opinion.scenarios:
            judged[record.window_id] = (opinion.scenarios, expert.name)
    assert {
        window: (item.pseudo_labels, item.provenance) for window, item in queue.items()
    } == judged


@pytest.mark.pipeline
@pytest.mark.timeout(400)
async def test_scenarios_are_logged_while_the_endpoint_is_silent(
    services: Services, tmp_path: Path
) -> None:
    release = threading.Event()

    def silent(body: dict[str, Any]) -> tuple[int, bytes]:
        release.wait(200)
        return 200, completion('{"scenarios": ["Eating", "Watching tv"]}')

    with LlmEndpoint(silent) as endpoint:
        settings = settings_for(
            services,
            tmp_path / "run",
            unique_name("silent"),
            llm_confidence_threshold=ALWAYS,
            llm_base_url=endpoint.url,
            llm_api_key="key",
            llm_timeout_s=300.0,
        )
        await topic_creation.create(settings)
        with Worker(settings) as worker:
            await Replay(settings, ReplayOptions(speed=None)).run(open_recordings("simulated:14:1"))
            wait_until_settled(worker)
            assert len(endpoint.requests) == 2
            [(scenarios, _)] = worker.counts().values()
            assert scenarios == 2
            assert await read_all(settings, "scenario.refined", Refined) == []
            release.set()
            worker.wait_until(lambda: worker.metric("egolog_llm_calls_total") == 2)
            wait_until_settled(worker)
    refined = await read_all(settings, "scenario.refined", Refined)
    assert [r.scenarios for r in refined] == [["Eating", "Watching tv"]] * 2
    assert any("last_minutes" in r["messages"][-1]["content"] for r in endpoint.requests)
