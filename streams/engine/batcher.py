"""Inference off the event loop, batched across devices."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from infra import metrics
from streams.engine.inference_schedule import InferenceSchedule, Urgency

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import ThreadPoolExecutor

    from infra.settings import Settings

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


GPU_BATCH = 64
"""Least size of the largest batch on a GPU, windows."""


class Batcher(Generic[ItemT, ResultT]):
    """Collects items until it gets a turn in the pool, at least for `wait_s`, then predicts.

    Each caller gets its own result; keeping an order among callers is up to them. A batch that
    fails is tried again item by item, so that one bad item fails alone.
    """

    def __init__(
        self,
        name: str,
        predict: Callable[[Sequence[ItemT]], Sequence[ResultT]],
        pool: ThreadPoolExecutor,
        *,
        batch_max: int,
        wait_s: float,
        turns: InferenceSchedule,
        urgency: Urgency = Urgency.FIRST,
    ) -> None:
        self._batch_sizes = metrics.batch_size.labels(model=name)
        self._seconds = metrics.inference_seconds.labels(model=name)
        self._predict = predict
        self._pool = pool
        self._batch_max = batch_max
        self._wait_s = wait_s
        self._turns = turns
        self._urgency = urgency
        self._waiting: list[tuple[ItemT, asyncio.Future[ResultT]]] = []
        self._arrived = asyncio.Event()
        self._runs: set[asyncio.Task[None]] = set()
        self._collector = asyncio.get_running_loop().create_task(self._collect())

    async def submit(self, item: ItemT) -> ResultT:
        """Return the prediction for `item`."""
        future: asyncio.Future[ResultT] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._arrived.set()
        return await future

    async def close(self) -> None:
        """Stop collecting and let running batches end."""
        self._collector.cancel()
        await asyncio.gather(self._collector, *self._runs, return_exceptions=True)

    async def _collect(self) -> None:
        while True:
            await self._arrived.wait()
            if self._wait_s and len(self._waiting) < self._batch_max:
                await asyncio.sleep(self._wait_s)
            await self._turns.acquire(self._urgency)
            batch, self._waiting = (
                self._waiting[: self._batch_max],
                self._waiting[self._batch_max :],
            )
            if not self._waiting:
                self._arrived.clear()
            run = asyncio.get_running_loop().create_task(self._run(batch))
            self._runs.add(run)
            run.add_done_callback(self._runs.discard)

    async def _run(self, batch: list[tuple[ItemT, asyncio.Future[ResultT]]]) -> None:
        try:
            await self._predict_or_split(batch)
        finally:
            self._turns.release()

    async def _predict_or_split(self, batch: list[tuple[ItemT, asyncio.Future[ResultT]]]) -> None:
        loop = asyncio.get_running_loop()
        self._batch_sizes.observe(len(batch))
        began = perf_counter()
        try:
            results = await loop.run_in_executor(
                self._pool, self._predict, [item for item, _ in batch]
            )
        except Exception as error:  # noqa: BLE001 - whatever a network raises fails the item
            if len(batch) > 1:
                for pair in batch:
                    await self._predict_or_split([pair])
            elif not batch[0][1].done():
                batch[0][1].set_exception(error)
            return
        self._seconds.observe(perf_counter() - began)
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)


class Batching:
    """Makes the batchers of one pool, which take turns."""

    def __init__(self, settings: Settings, pool: ThreadPoolExecutor) -> None:
        self._settings = settings
        self._pool = pool
        self._turns = InferenceSchedule(settings.inference_threads)
        self._on_gpu = settings.device != "cpu"

    def batcher(
        self,
        name: str,
        predict: Callable[[Any], Any],
        urgency: Urgency = Urgency.NEXT,
        batch_max: int | None = None,
    ) -> Batcher[Any, Any]:
        """Return a batcher called `name` in metrics.

        `batch_max` replaces the settings' own on a CPU, which runs items one by one. A GPU gets
        whatever is waiting.
        """
        if self._on_gpu:
            batch_max = max(self._settings.batch_max, GPU_BATCH)
        return Batcher(
            name,
            predict,
            self._pool,
            batch_max=batch_max or self._settings.batch_max,
            wait_s=self._settings.batch_wait_ms / 1000,
            turns=self._turns,
            urgency=urgency,
        )
