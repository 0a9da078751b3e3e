from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from infra.device_state.checkpoints import Checkpoints
from infra.local.probe import free_port
from models.labels import SCENARIOS
from schemas import Refined, Scenario
from schemas.scenario import NO_REFINER
from streams.engine.wearers import STAGE, Wearers
from tests.schemas.scenarios import plain_scenario

if TYPE_CHECKING:
    import pytest

NETWORK = "0" * 12
FIRST, SECOND = SCENARIOS[:2]


def window(n: int, network: str = NETWORK, by: str = "gpt") -> tuple[Scenario, Refined]:
    record = plain_scenario(
        n,
        "glasses",
        revision=f"{network}+{'e' * 12}",
        scenarios={FIRST: 0.4, SECOND: 0.3},
    )
    return (
        record,
        Refined(
            device_id=record.device_id,
            window_id=record.window_id,
            session_id=record.session_id,
            start_ns=record.start_ns,
            end_ns=record.end_ns,
            confidence=record.confidence,
            revision="r",
            scenarios=[SECOND],
            refined_by=by,
            reason="",
            preliminary=FIRST,
        ),
    )


async def test_what_is_refined_shifts_the_wearers_next_window_and_nobody_elses(
    redis: Redis,
) -> None:
    wearers = Wearers(Checkpoints(redis, "app"))
    assert await wearers.adapter("glasses") is None
    for n in range(3):
        await wearers.learn(*window(n), NETWORK)
    adapter = await wearers.adapter("glasses")
    assert adapter is not None
    assert (adapter.network, adapter.name) == (NETWORK, "w3")
    assert adapter.bias.shape == (len(SCENARIOS),)
    assert adapter.bias[0] < 0 < adapter.bias[1]
    assert not adapter.bias[2:].any()
    assert await wearers.adapter("pendant") is None
    # Another worker that takes the partition over goes on with it.
    again = await Wearers(Checkpoints(redis, "app")).adapter("glasses")
    assert again is not None
    assert np.array_equal(again.bias, adapter.bias)


async def test_what_nobody_refined_teaches_nothing(redis: Redis) -> None:
    wearers = Wearers(Checkpoints(redis, "app"))
    await wearers.learn(*window(0, by=NO_REFINER), NETWORK)
    assert await wearers.adapter("glasses") is None


async def test_another_network_begins_anew_and_late_answers_of_the_old_one_count_no_more(
    redis: Redis,
) -> None:
    wearers = Wearers(Checkpoints(redis, "app"))
    await wearers.learn(*window(0), NETWORK)
    await wearers.learn(*window(1, "1" * 12), "1" * 12)
    await wearers.learn(*window(2), "1" * 12)
    adapter = await wearers.adapter("glasses")
    assert adapter is not None
    assert (adapter.network, adapter.name) == ("1" * 12, "w1")


async def test_it_can_be_forgotten_while_workers_run(redis: Redis) -> None:
    checkpoints = Checkpoints(redis, "app")
    wearers = Wearers(checkpoints)
    await wearers.learn(*window(0), NETWORK)
    assert await checkpoints.remove(STAGE, "glasses")
    assert await wearers.adapter("glasses") is None
    assert not await checkpoints.remove(STAGE, "glasses")


async def test_what_cannot_be_read_is_no_adapter_and_is_replaced(redis: Redis) -> None:
    checkpoints = Checkpoints(redis, "app")
    await checkpoints.put(STAGE, {"glasses": b"nonsense"})
    wearers = Wearers(checkpoints)
    assert await wearers.adapter("glasses") is None
    await wearers.learn(*window(0), NETWORK)
    assert await wearers.adapter("glasses") is not None


async def test_a_store_that_fails_costs_the_adapter_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with Redis(port=free_port(), retry=Retry(NoBackoff(), 0)) as closed:
        wearers = Wearers(Checkpoints(closed, "app"))
        assert await wearers.adapter("glasses") is None
        await wearers.learn(*window(0), NETWORK)
    assert "device glasses: no adapter" in caplog.text
    assert "device glasses: nothing learned" in caplog.text
