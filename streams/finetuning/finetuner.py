"""`finetune.queue` → `model.updates`: better revisions of the scenario network (EgoLog §4.4.2)."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from infra import metrics
from infra.broker.access import require_broker
from infra.model_store.replay_buffer import FINETUNE_FOLDER, ReplayBuffer, buffer_path
from models.serving.served import ENCODERS
from streams.engine.device_controls import DeviceControls
from streams.finetuning.folder_lock import FolderLock
from streams.finetuning.queue_reader import QueueReader
from streams.finetuning.reviser import Reviser

if TYPE_CHECKING:
    from infra.settings import Settings
    from models.serving.registry import Registry
    from schemas import DeadLetter


_TRAINING_POLL_S = 1.0


class Finetuner:
    """Reads the queue into the buffer, fine-tunes, and publishes what the gate accepts.

    It is a process of its own beside the workers. An async context manager; raises `FinetuneError`
    if another fine-tuner uses the folder, and `ReplayBufferError`, `BrokerError` and
    `RegistryError`.
    """

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self._settings = settings
        self._encoders = registry.weights(ENCODERS).revision
        self._in_records = registry.revisions(ENCODERS)
        self._stack = AsyncExitStack()
        self._buffer: ReplayBuffer
        self._queue: QueueReader
        self._reviser: Reviser
        self._controls = DeviceControls()
        # The erasures whose windows are deleted.
        self._forgotten: dict[str, int] = {}

    async def __aenter__(self) -> Finetuner:
        try:
            await self._open()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def run(self, *, once: bool = False) -> None:
        """Work until cancelled; `once` returns when the queue is read and no training is due.

        The queue's end is then where it is at the call: what arrives later is left for the next.
        Raises `BrokerError` as soon as it may no longer read the decisions about devices.
        """
        await self._reviser.publish_pending()
        run: asyncio.Task[None] | None = None
        ends = await self._queue.ends() if once else None
        drained = False
        following = asyncio.create_task(self._controls.follow(_leave_to_workers))
        try:
            while True:
                if following.done():
                    # Without decisions it would keep windows of devices that are erased later.
                    await following
                self._forget_erased()
                if not drained:
                    await self._queue.read()
                    drained = ends is not None and await self._queue.is_at(ends)
                elif run is not None:
                    await asyncio.wait([run], timeout=_TRAINING_POLL_S)
                if run is not None and run.done():
                    await run
                    run = None
                if run is None and self._reviser.is_due():
                    run = asyncio.create_task(self._reviser.revise())
                if drained and run is None:
                    return
        finally:
            tasks = [following] if run is None else [following, run]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _open(self) -> None:
        settings, encoders = self._settings, self._encoders
        folder = settings.run_dir / FINETUNE_FOLDER
        self._stack.enter_context(FolderLock(folder))
        buffer = ReplayBuffer(buffer_path(settings.run_dir), settings.finetune_buffer_max)
        self._buffer = self._stack.enter_context(buffer)
        metrics.finetune_items.labels(outcome="other_encoders").inc(buffer.forget_other(encoders))
        metrics.finetune_buffer.set(len(buffer))
        await require_broker(settings)
        await self._controls.open(settings)
        self._stack.push_async_callback(self._controls.close)
        self._forget_erased()
        self._queue = await self._stack.enter_async_context(
            QueueReader(settings, buffer, encoders, self._in_records, self._controls)
        )
        self._reviser = Reviser(settings, buffer, encoders, folder)

    def _forget_erased(self) -> None:
        """Drop the windows of devices that were erased since the last call."""
        for device_id, erased_ms in self._controls.erasures().items():
            if self._forgotten.get(device_id) != erased_ms:
                self._forgotten[device_id] = erased_ms
                self._buffer.forget_device(device_id, erased_ms)
                metrics.finetune_buffer.set(len(self._buffer))


async def _leave_to_workers(letter: DeadLetter) -> None:
    """Ignore undecodable decisions: the workers dead-letter them."""
