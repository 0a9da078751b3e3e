from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Literal

import pytest

from infra.settings import Settings
from streams.engine.batcher import Batcher, Batching
from streams.engine.inference_schedule import InferenceSchedule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


class Doubler:
    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.on_main_thread = False

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.sizes.append(len(items))
        self.on_main_thread |= current_thread() is main_thread()
        if 13 in items:
            raise ValueError("13 is not doubled")
        return [2 * item for item in items]


def batcher(predict: Doubler, pool: ThreadPoolExecutor) -> Batcher[int, int]:
    return Batcher("har", predict, pool, batch_max=4, wait_s=0.005, turns=InferenceSchedule(2))


async def test_everyone_gets_the_result_of_their_item(pool: ThreadPoolExecutor) -> None:
    predict = Doubler()
    batch = batcher(predict, pool)
    results = await asyncio.gather(*(batch.submit(i) for i in range(11)))
    await batch.close()
    assert results == [2 * i for i in range(11)]
    assert max(predict.sizes) == 4
    assert sum(predict.sizes) == 11
    assert not predict.on_main_thread


async def test_a_bad_item_fails_alone(pool: ThreadPoolExecutor) -> None:
    batch = batcher(Doubler(), pool)
    results = await asyncio.gather(*(batch.submit(i) for i in (12, 13, 14)), return_exceptions=True)
    await batch.close()
    assert results[0] == 24
    assert isinstance(results[1], ValueError)
    assert results[2] == 28


async def test_a_single_item_does_not_wait_for_company(pool: ThreadPoolExecutor) -> None:
    batch = batcher(Doubler(), pool)
    assert await asyncio.wait_for(batch.submit(1), 60) == 2
    await batch.close()


async def test_the_event_loop_goes_on_while_a_batch_runs(pool: ThreadPoolExecutor) -> None:
    release = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(items: Sequence[int]) -> list[int]:
        # Returns only once the loop has run.
        asyncio.run_coroutine_threadsafe(_set(release), loop).result(60)
        return list(items)

    batch: Batcher[int, int] = Batcher(
        "har", slow, pool, batch_max=1, wait_s=0.0, turns=InferenceSchedule(1)
    )
    assert await asyncio.wait_for(batch.submit(1), 60) == 1
    await batch.close()


async def _set(event: asyncio.Event) -> None:
    event.set()


@pytest.mark.parametrize(("device", "largest"), [("cpu", 1), ("cuda", 64)])
async def test_a_gpu_gets_all_that_waits(
    pool: ThreadPoolExecutor, device: Literal["cpu", "cuda"], largest: int
) -> None:
    predict = Doubler()
    settings = Settings(_env_file=None, device=device, batch_max=8, batch_wait_ms=5)
    batch = Batching(settings, pool).batcher("scenario", predict, batch_max=1)
    results = await asyncio.gather(*(batch.submit(i) for i in range(20, 100)))
    await batch.close()
    assert results == [2 * i for i in range(20, 100)]
    assert max(predict.sizes) == largest
