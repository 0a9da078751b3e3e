"""The offline expert, and an oracle of stated accuracy, as refiners."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from models.egolog.offline_expert import Expert
from models.labels import SCENARIOS
from models.research.evaluation.self_training.annotators import Oracle
from operators.prompting import messages
from streams import refiner
from tests.pipeline.llm_endpoint import LlmEndpoint, completion
from tests.streams.refining import record, refining, says, watching

if TYPE_CHECKING:
    from redis.asyncio import Redis


async def test_without_an_endpoint_the_offline_expert_refines(redis: Redis) -> None:
    steady = {
        n: record(n, confidence=0.95 if n < 9 else 0.4, scenarios=watching(0.95 if n < 9 else 0.4))
        for n in range(10)
    }
    async with refining(redis, None, expert_confidence_threshold=0.0) as app:
        await app.read(list(steady.values()))
        await app.finish(10)
    [refined], [item] = app.of("scenario.refined"), app.of("finetune.queue")
    expert = Expert.load()
    opinion = expert.judge(steady[9], list(steady.values())[:9])
    assert refined.scenarios == item.pseudo_labels == opinion.scenarios
    assert refined.scenarios[0] == "Watching tv"
    assert refined.refined_by == item.provenance == f"offline expert {expert.revision}"
    assert refined.reason == opinion.reason
    assert (refined.revision, refined.tokens) == (expert.revision, 0)


async def test_an_expert_that_believes_in_nothing_leaves_the_local_estimate(redis: Redis) -> None:
    # Nothing came before it and nothing is in it but the network's own doubt.
    bare = record(
        0,
        confidence=0.45,
        scenarios=dict.fromkeys(SCENARIOS, 0.45),
        activities=[],
        spatial={},
        sound_events={},
        motion={},
    )
    silent = replace(Expert.load(), bias=np.full(len(SCENARIOS), -9.0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Expert, "load", lambda: silent)
        async with refining(redis, None, expert_confidence_threshold=0.0) as app:
            await app.read([bare])
            await app.finish(1)
    [refined] = app.of("scenario.refined")
    assert (refined.refined_by, refined.scenarios) == ("none", [refined.preliminary])
    assert "the offline expert believes in nothing" in refined.reason
    assert not app.of("finetune.queue")


async def test_after_a_start_the_expert_is_given_the_minutes_from_the_log(redis: Redis) -> None:
    earlier = [record(n, 0.95, scenarios=watching(0.95)) for n in range(9)]
    last = record(9, 0.4, scenarios=watching(0.4))
    async with refining(redis, None, expert_confidence_threshold=0.0) as app:
        await app.runtime.log.put_scenarios(earlier)
        await app.read([last])
        await app.finish(1)
    [refined] = app.of("scenario.refined")
    assert refined.scenarios == Expert.load().judge(last, earlier).scenarios
    assert refined.reason == Expert.load().judge(last, earlier).reason


async def test_the_expert_is_given_the_records_own_session_alone(redis: Redis) -> None:
    earlier = [record(n, 0.95, scenarios=watching(0.95), session_id="s0") for n in range(9)]
    last = record(9, 0.4, scenarios=watching(0.4), session_id="s1")
    async with refining(redis, None, expert_confidence_threshold=0.0) as app:
        await app.read([*earlier, last])
        await app.finish(10)
    [refined] = app.of("scenario.refined")
    alone = Expert.load().judge(last)
    assert refined.reason == alone.reason != Expert.load().judge(last, earlier).reason


async def test_the_expert_speaks_up_where_it_disagrees_with_a_sure_record(redis: Redis) -> None:
    day = [record(n, 0.95, scenarios=watching(0.95)) for n in range(9)]
    odd = dict.fromkeys(SCENARIOS, 0.02) | {"Cooking": 0.55, "Watching tv": 0.4}
    day.append(record(9, 0.55, scenarios=odd))
    async with refining(redis, None) as app:
        await app.read(day)
        await app.finish(len(day))
    by_window = {each.window_id: each for each in app.of("scenario.refined")}
    queue = {each.window_id: each for each in app.of("finetune.queue")}
    assert set(queue) == {each.window_id for each in day}
    for number, each in enumerate(day):
        opinion = Expert.load().judge(each, day[:number])
        assert queue[each.window_id].pseudo_labels == opinion.scenarios
        local = {name for name, p in each.scenarios.items() if p >= 0.5}
        assert (each.window_id in by_window) == (set(opinion.scenarios) != local)
    assert by_window[day[9].window_id].scenarios == ["Watching tv"]


async def test_the_expert_reviews_what_no_endpoint_is_asked_about(redis: Redis) -> None:
    day = [record(n, 0.95, scenarios=watching(0.95)) for n in range(9)]
    odd = dict.fromkeys(SCENARIOS, 0.02) | {"Cooking": 0.55, "Watching tv": 0.4}
    day += [record(9, 0.55, scenarios=odd), record(10, 0.4, scenarios=watching(0.4))]
    with LlmEndpoint(says('{"scenarios": ["Eating"]}')) as endpoint:
        async with refining(redis, endpoint.url) as app:
            await app.read(day)
            await app.finish(len(day))
    assert len(endpoint.requests) == 1
    refined = {each.window_id: each for each in app.of("scenario.refined")}
    queue = {each.window_id: each for each in app.of("finetune.queue")}
    assert set(queue) == {each.window_id for each in day}
    for number, each in enumerate(day[:10]):
        assert queue[each.window_id].provenance.startswith("offline expert ")
        opinion = Expert.load().judge(each, day[:number])
        assert queue[each.window_id].pseudo_labels == opinion.scenarios
    assert refined[day[9].window_id].scenarios == ["Watching tv"]
    asked = refined[day[10].window_id]
    assert (asked.refined_by, asked.scenarios) == ("gpt-4o-mini", ["Eating"])
    assert queue[day[10].window_id].provenance == "gpt-4o-mini"


async def test_an_oracle_of_stated_accuracy_refines_over_http(redis: Redis) -> None:
    oracle = Oracle(0.7, seed=3)
    records = [record(n) for n in range(120)]
    true_scenarios = [[SCENARIOS[(7 * n) % len(SCENARIOS)]] for n in range(120)]
    template = refiner.load_template()
    asked = {
        messages(template, each, SCENARIOS)[-1]["content"]: n for n, each in enumerate(records)
    }
    assert len(asked) == len(records)

    def reply(body: dict[str, Any]) -> tuple[int, bytes]:
        n = asked[body["messages"][-1]["content"]]
        return 200, completion(json.dumps({"scenarios": oracle.answer(true_scenarios[n], n)}))

    with LlmEndpoint(reply) as endpoint:
        # Without context every question is about one record alone.
        async with refining(redis, endpoint.url, refine_context_s=0, llm_queue_max=200) as app:
            await app.read(records)
            await app.finish(len(records))
    at = {each.start_ns: n for n, each in enumerate(records)}
    by_window = {at[each.start_ns]: each.scenarios for each in app.of("scenario.refined")}
    assert by_window == {n: oracle.answer(true_scenarios[n], n) for n in range(120)}
    right = sum(by_window[n] == true_scenarios[n] for n in by_window)
    assert right / len(by_window) == pytest.approx(0.7, abs=0.1)
    assert {tuple(i.pseudo_labels) for i in app.of("finetune.queue")} == set(
        map(tuple, by_window.values())
    )
