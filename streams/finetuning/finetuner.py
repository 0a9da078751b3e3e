"""`finetune.queue` → `model.updates`: better revisions of the scenario network (EgoLog §4.4.2).

A process of its own, beside the workers and not one of them. What it reads is committed once it is
in the buffer on disk, so a crash loses nothing; and an update is on disk before it is published, so
after a crash it is published once more only if it is not in use already.

A revision is tuned from the shipped network on all of the buffer, not from the one before: what it
replaces is its parent, and that is what it has to be better than.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import time
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from infra import clock, metrics, topics
from infra.broker.access import client_arguments, failed, require_broker
from infra.errors import FinetuneError, InfraError, RevisionError
from infra.model_store import deployment
from infra.model_store.deployment import SCENARIO
from infra.model_store.history import REASON_CHARS, Attempt
from infra.model_store.replay_buffer import ReplayBuffer
from infra.model_store.weights import WeightsStore
from models.finetuning.examples import Examples, ExamplesError
from models.serving.served import ENCODERS
from schemas import DeadLetter, FinetuneItem, ModelUpdate, SchemaError
from schemas.correction import WEARER
from schemas.errors import InvalidError
from schemas.learning import SHIPPED
from streams.engine.dead_letters import dead_letter
from streams.engine.device_controls import DeviceControls
from streams.finetuning import training_process

if TYPE_CHECKING:
    from pathlib import Path

    from infra.settings import Settings
    from models.serving.registry import Registry

FOLDER = "finetune"

log = logging.getLogger(__name__)

_POLL_MS = 1_000
# Reading is at its end where nothing more comes: the embedded broker reports its end too low.
_QUIET_POLLS = 2
# After a run that failed: whatever was wrong may mend.
_PAUSE_S = 60.0


class Finetuner:
    """Reads the queue, keeps what it learns from, tunes, and publishes what the gate accepts.

    An async context manager; raises `FinetuneError` where another one has the folder, and
    `ReplayBufferError`, `BrokerError` and `RegistryError`.
    """

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self._settings = settings
        self._store = WeightsStore.of(settings)
        self._folder = settings.run_dir / FOLDER
        self._encoders = registry.weights(ENCODERS).revision
        self._stack = AsyncExitStack()
        self._buffer: ReplayBuffer
        self._consumer: Any
        self._producer: Any
        self._controls = DeviceControls()
        self._erased: set[str] = set()
        self._not_before = 0.0

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
        """Work until cancelled; `once` ends when the queue was read and what is due was tuned."""
        await self._settle()
        run: asyncio.Task[None] | None = None
        quiet = 0
        following = asyncio.create_task(self._controls.follow(_leave_to_workers))
        try:
            while True:
                self._forget_erased()
                quiet = 0 if await self._read() else quiet + 1
                if run is not None and run.done():
                    await run
                    run = None
                if run is None and self._is_due():
                    run = asyncio.create_task(self._revise())
                if once and quiet >= _QUIET_POLLS and run is None and await self._at_end():
                    return
        finally:
            following.cancel()
            if run is not None:
                run.cancel()
                with suppress(asyncio.CancelledError):
                    await run

    async def _open(self) -> None:
        settings = self._settings
        self._stack.enter_context(_Alone(self._folder))
        self._buffer = self._stack.enter_context(
            ReplayBuffer(self._folder / "replay.sqlite", settings.finetune_buffer_max)
        )
        metrics.finetune_items.labels(outcome="other_encoders").inc(
            self._buffer.forget_other(self._encoders)
        )
        metrics.finetune_buffer.set(len(self._buffer))
        await require_broker(settings)
        await self._controls.open(settings)
        self._stack.push_async_callback(self._controls.close)
        self._forget_erased()
        self._consumer = AIOKafkaConsumer(
            **client_arguments(settings),
            group_id=f"{settings.app_id}-finetune",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        self._producer = AIOKafkaProducer(
            **client_arguments(settings),
            acks="all",
            max_request_size=DeadLetter.MAX_BYTES,
        )
        try:
            for client in (self._producer, self._consumer):
                self._stack.push_async_callback(client.stop)
                await client.start()
            # Its group has no other member, so nothing has to be handed over at a start.
            self._consumer.assign(
                [
                    TopicPartition(settings.topic(topics.FINETUNE_QUEUE), partition)
                    for partition in range(settings.topic_partitions)
                ]
            )
        except KafkaError as error:
            raise failed(settings, error) from error

    def _forget_erased(self) -> None:
        """Drop the windows of devices that were erased since."""
        for device_id in self._controls.withheld() - self._erased:
            self._buffer.forget_device(device_id)
            metrics.finetune_buffer.set(len(self._buffer))
        self._erased = self._controls.withheld()

    async def _read(self) -> bool:
        """Put what came into the buffer and commit it; return whether anything came."""
        try:
            batches = await self._consumer.getmany(timeout_ms=_POLL_MS)
            records = [record for batch in batches.values() for record in batch]
            if not records:
                return False
            guesses: list[tuple[str, str, bytes]] = []
            words: dict[str, tuple[str, str, bytes]] = {}
            taken_back: dict[str, None] = {}
            for record in records:
                item = await self._item(record)
                if item is None or self._controls.drops(item, record.timestamp) is not None:
                    continue
                row = (item.window_id, self._encoders, bytes(record.value))
                if item.provenance != WEARER:
                    guesses.append(row)
                elif item.pseudo_labels:
                    words[item.window_id] = row
                    taken_back.pop(item.window_id, None)
                else:
                    taken_back[item.window_id] = None
                    words.pop(item.window_id, None)
            await asyncio.to_thread(self._buffer.take_back, [*taken_back])
            new = await asyncio.to_thread(self._buffer.put, guesses)
            new += await asyncio.to_thread(
                lambda: self._buffer.put([*words.values()], trusted=True)
            )
            kept = len(guesses) + len(words)
            metrics.finetune_items.labels(outcome="kept").inc(new)
            metrics.finetune_items.labels(outcome="duplicate").inc(kept - new)
            metrics.finetune_items.labels(outcome="taken_back").inc(len(taken_back))
            metrics.finetune_buffer.set(len(self._buffer))
            await self._consumer.commit()
        except KafkaError as error:
            raise failed(self._settings, error) from error
        return True

    async def _at_end(self) -> bool:
        partitions = self._consumer.assignment()
        ends = await self._consumer.end_offsets(partitions)
        return all([await self._consumer.position(tp) >= end for tp, end in ends.items()])

    async def _item(self, record: Any) -> FinetuneItem | None:
        """Return what can be learned from; what cannot be used becomes a dead letter."""
        try:
            item = FinetuneItem.decode(bytes(record.value or b""))
            if not item.pseudo_labels and item.provenance != WEARER:
                metrics.finetune_items.labels(outcome="unlabelled").inc()
                return None
            # NETWORK+ENCODERS, and +wWINDOWS where the wearer has an adapter.
            if item.revision.split("+")[1:2] != [self._encoders]:
                metrics.finetune_items.labels(outcome="other_encoders").inc()
                return None
            Examples.of_items([item])
        except (SchemaError, ExamplesError) as error:
            known = error if isinstance(error, SchemaError) else InvalidError(str(error))
            letter = dead_letter(record, record.value, "finetune", known)
            metrics.dead_letters.labels(topic=letter.topic, reason=letter.reason).inc()
            await self._producer.send_and_wait(
                self._settings.topic(topics.DEAD_LETTER),
                key=letter.device_id.encode(),
                value=letter.encode(),
                partition=record.partition,
            )
            return None
        return item

    def _is_due(self) -> bool:
        if time.monotonic() < self._not_before:
            return False
        return self._buffer.pending is not None or self._buffer.fresh >= (
            self._settings.finetune_after
        )

    async def _revise(self) -> None:
        """Try for a better revision; what fails is tried again later."""
        try:
            await self._settle()
            if self._buffer.fresh >= self._settings.finetune_after:
                await self._attempt()
                await self._settle()
        except InfraError as error:
            self._not_before = time.monotonic() + _PAUSE_S
            _count("failed", str(error))

    async def _attempt(self) -> None:
        began = time.monotonic()
        up_to = self._buffer.newest
        now = await deployment.in_use(self._settings)
        out = self._folder / "candidate.safetensors"
        job = training_process.job(
            self._settings, self._buffer.path, up_to, await self._weights(now), out
        )
        result = await training_process.trained(job)
        metrics.finetune_seconds.observe(time.monotonic() - began)
        outcome, reason = result.outcome, result.reason
        if outcome == "accepted" and now.pinned:
            outcome, reason = "pinned", f"pinned: revision {now.revision} is not to be replaced"
        attempt = Attempt(
            model=SCENARIO,
            revision=result.revision,
            parent=now.revision,
            encoders=self._encoders,
            state="rejected",
            created_ns=clock.now_ns(),
            before=result.before,
            after=result.after,
            reason=f"{reason} ({result.learned} windows learned from)"[:REASON_CHARS],
        )
        if outcome != "accepted":
            await deployment.reject(self._settings, attempt)
            self._buffer.learned(up_to)
            _count(outcome, f"revision {result.revision}: {attempt.reason}")
            return
        stored = await asyncio.to_thread(self._store.put, out, SCENARIO, result.revision)
        revised = attempt.model_copy(update={"weights": stored.url, "sha256": stored.sha256})
        self._buffer.pend(revised.update(attempt.created_ns, attempt.reason).encode(), up_to)

    async def _settle(self) -> None:
        """Publish the update that is pending, unless it was published before a crash."""
        if self._buffer.pending is None:
            return
        encoded, up_to = self._buffer.pending
        update = ModelUpdate.decode(encoded)
        now = await deployment.in_use(self._settings)
        if now.revision == update.revision:
            outcome, reason = "accepted", update.reason
        else:
            try:
                await deployment.publish(self._settings, update)
                outcome, reason = "accepted", update.reason
            except RevisionError as error:
                outcome = "pinned" if now.pinned else "superseded"
                reason = str(error)
                await self._withdraw(update, reason)
        self._buffer.learned(up_to)
        _count(outcome, f"revision {update.revision}: {reason}")

    async def _withdraw(self, update: ModelUpdate, reason: str) -> None:
        """Record an update that may not be published any more, and remove its weights."""
        known = [attempt.revision for attempt in await deployment.history(self._settings)]
        rejected = Attempt.of(update).model_copy(
            update={"reason": reason[:REASON_CHARS], "weights": None, "sha256": None}
        )
        await deployment.reject(self._settings, rejected)
        if update.revision not in known:
            await asyncio.to_thread(self._store.remove, update.model, update.revision)

    async def _weights(self, now: ModelUpdate) -> Path | None:
        """Return the file of the network in use, None where workers use the shipped one."""
        if now.revision == SHIPPED or now.encoders != self._encoders:
            return None
        assert now.weights is not None  # noqa: S101 - narrows a type, checks nothing
        assert now.sha256 is not None  # noqa: S101 - narrows a type, checks nothing
        return await asyncio.to_thread(self._store.get, now.weights, now.sha256)


class _Alone:
    """Holds a folder while it lives; raises `FinetuneError` where another process does."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"

    def __enter__(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise FinetuneError(
                f"folder {self._path.parent} is in use by another fine-tuner: "
                "end it, or set another EGOLOG_RUN_DIR"
            ) from None

    def __exit__(self, *_: object) -> None:
        self._file.close()


async def _leave_to_workers(letter: DeadLetter) -> None:
    """What no decision can be read from is a dead letter of the workers, once."""


def _count(outcome: str, reason: str) -> None:
    metrics.finetune_runs.labels(outcome=outcome).inc()
    log.info('finetune="%s" %s', outcome, reason)
