"""`finetune.queue` → the replay buffer.

Offsets are committed once the items are in the buffer on disk, so a crash loses nothing.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from infra import metrics, topics
from infra.broker.access import broker_error, client_arguments
from models.finetuning.examples import Examples, ExamplesError
from models.serving.weights_file import names_encoders
from schemas import DeadLetter, FinetuneItem, SchemaError
from schemas.correction import WEARER
from schemas.errors import InvalidError
from streams.engine.dead_letters import dead_letter

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from infra.model_store.replay_buffer import ReplayBuffer
    from infra.settings import Settings
    from streams.engine.device_controls import DeviceControls

_POLL_MS = 1_000
_Row = tuple[str, str, bytes]


class QueueReader:
    """Reads items for the networks of the revision `encoders`; an async context manager.

    Records name these encoders by one of `in_records`. Items that `controls` drop are skipped, and
    invalid ones become dead letters. All methods raise `BrokerError`.
    """

    def __init__(
        self,
        settings: Settings,
        buffer: ReplayBuffer,
        encoders: str,
        in_records: Collection[str],
        controls: DeviceControls,
    ) -> None:
        self._settings = settings
        self._buffer = buffer
        self._encoders = encoders
        self._in_records = in_records
        self._controls = controls
        self._stack = AsyncExitStack()
        self._consumer: Any
        self._producer: Any

    async def __aenter__(self) -> QueueReader:
        try:
            await self._connect()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def read(self) -> None:
        """Move new items to the buffer and commit them; wait for them a second at most."""
        try:
            batches = await self._consumer.getmany(timeout_ms=_POLL_MS)
            records = [record for batch in batches.values() for record in batch]
            if records:
                await self._store(records)
                await self._consumer.commit()
        except KafkaError as error:
            raise broker_error(self._settings, error) from error

    async def ends(self) -> dict[TopicPartition, int]:
        """Return the queue's present end, by partition."""
        try:
            return dict(await self._consumer.end_offsets(self._consumer.assignment()))
        except KafkaError as error:
            raise broker_error(self._settings, error) from error

    async def is_at(self, ends: Mapping[TopicPartition, int]) -> bool:
        """Return whether everything before these offsets was read."""
        try:
            return all([await self._consumer.position(tp) >= end for tp, end in ends.items()])
        except KafkaError as error:
            raise broker_error(self._settings, error) from error

    async def _connect(self) -> None:
        settings = self._settings
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
            # Assigned without a rebalance: the group has no other member.
            self._consumer.assign(
                [
                    TopicPartition(settings.topic(topics.FINETUNE_QUEUE), partition)
                    for partition in range(settings.topic_partitions)
                ]
            )
        except KafkaError as error:
            raise broker_error(settings, error) from error

    async def _store(self, records: list[Any]) -> None:
        """Store usable items; of a window's corrections in this batch only the last one counts."""
        estimated: list[_Row] = []
        corrected: dict[str, _Row] = {}
        withdrawn: dict[str, None] = {}
        after_ms: dict[str, int] = {}
        for record in records:
            item = await self._item(record)
            if item is None:
                continue
            if self._controls.drops(item, record.timestamp, record.headers) is not None:
                continue
            after_ms[item.window_id] = self._controls.comes_after_ms(
                item, record.timestamp, record.headers
            )
            row = (item.window_id, self._encoders, bytes(record.value))
            if item.provenance != WEARER:
                estimated.append(row)
            elif item.pseudo_labels:
                corrected[item.window_id] = row
                withdrawn.pop(item.window_id, None)
            else:
                withdrawn[item.window_id] = None
                corrected.pop(item.window_id, None)
        buffer = self._buffer
        await asyncio.to_thread(buffer.take_back, [*withdrawn])
        new = await asyncio.to_thread(lambda: buffer.put(estimated, after_ms=after_ms))
        trusted = [*corrected.values()]
        new += await asyncio.to_thread(lambda: buffer.put(trusted, trusted=True, after_ms=after_ms))
        duplicates = len(estimated) + len(corrected) - new
        metrics.finetune_items.labels(outcome="kept").inc(new)
        metrics.finetune_items.labels(outcome="duplicate").inc(duplicates)
        metrics.finetune_items.labels(outcome="taken_back").inc(len(withdrawn))
        metrics.finetune_buffer.set(len(buffer))

    async def _item(self, record: Any) -> FinetuneItem | None:
        """Return a record's item if it can be used; an invalid record becomes a dead letter."""
        try:
            item = FinetuneItem.decode(bytes(record.value or b""))
            if not item.pseudo_labels and item.provenance != WEARER:
                metrics.finetune_items.labels(outcome="unlabelled").inc()
                return None
            if not names_encoders(item.revision, self._in_records):
                metrics.finetune_items.labels(outcome="other_encoders").inc()
                return None
            Examples.of_items([item])
        except (SchemaError, ExamplesError) as error:
            await self._reject(
                record, error if isinstance(error, SchemaError) else InvalidError(str(error))
            )
            return None
        return item

    async def _reject(self, record: Any, error: SchemaError) -> None:
        letter = dead_letter(record, record.value, "finetune", error)
        metrics.dead_letters.labels(topic=letter.topic, reason=letter.reason).inc()
        await self._producer.send_and_wait(
            self._settings.topic(topics.DEAD_LETTER),
            key=letter.device_id.encode(),
            value=letter.encode(),
            partition=record.partition,
        )
