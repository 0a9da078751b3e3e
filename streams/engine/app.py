"""The Faust app: agents with their topics and queues, and the life of a worker."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from infra import metrics
from infra.broker.device_keys import DeviceKeys
from infra.broker.signing import Signatures
from infra.daily_log.decisions import Decisions
from infra.local.embedded import broker_life
from infra.topics import ACTIVITY, RAW, SCENARIO_REFINED, TOPICS
from infra.topics import SCENARIO as SCENARIO_RECORDS
from operators.device_share import DeviceShare
from streams.engine.dead_letters import keep_sound, to_dead_letter
from streams.engine.device_controls import DeviceControls
from streams.engine.guarded_app import GuardedApp
from streams.engine.kafka.decoding import Decoder
from streams.engine.kafka.fair_queue import FairTopic
from streams.engine.kafka.share_gate import ShareGate
from streams.engine.kafka.topic import GuardedTopic
from streams.engine.newest_times import TIMED
from streams.engine.operator_stage import OperatorStage
from streams.engine.own_core import OFF, OwnCore
from streams.engine.page_backend import PageBackend
from streams.engine.publish_queue import PublishQueue
from streams.engine.publisher import Publisher
from streams.engine.raw_retention import keep_deleting_processed
from streams.engine.runtime import Runtime
from streams.engine.startup import open_registry
from streams.engine.worker_health import WorkerHealth

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from faust.types import Message as KafkaMessage
    from faust.types import StreamT, TopicT

    from infra.redis.stored_offsets import StoredOffsets
    from infra.settings import Settings
    from schemas import DeadLetter
    from streams.engine.operator_stage import KeyedOperator
    from streams.engine.silence import Silence

log = logging.getLogger(__name__)

_SILENCE_INTERVAL_S = 0.5


class EgoLogApp(GuardedApp):
    """A Faust app that publishes in order, skips nothing and dead-letters what fails."""

    def __init__(self, settings: Settings) -> None:
        keep_sound(settings.dead_letter_sound)
        self._signatures, self._device_keys = Signatures.of(settings), DeviceKeys.of(settings)
        # Topics that agents of this worker both write and read.
        read_back = (SCENARIO_RECORDS, SCENARIO_REFINED, ACTIVITY)
        self.read_back = frozenset(settings.topic(name) for name in read_back)
        self.frame_topics = frozenset(settings.topic(name) for name in RAW)
        self._publisher = Publisher(
            self._full_name,
            self.maybe_start_producer,
            self._device_keys.headers,
            read_back,
            self._take_written,
        )
        self._runtime: Runtime | None = None
        self.registry = open_registry(settings)
        self.own_core = OwnCore.take(OFF)
        self._queues: list[PublishQueue] = []
        self._controls = DeviceControls()
        self._sources: list[TopicT[Any]] = []
        self.decoder = Decoder(
            {settings.topic(topic.name): topic.value for topic in TOPICS},
            compacted={settings.topic(topic.name) for topic in TOPICS if topic.compacted},
            require=self._require,
        )
        self.gate = ShareGate(
            "windower",
            self.decoder,
            DeviceShare(settings.device_frames_per_s, settings.device_bytes_per_s),
        )
        self.backend = PageBackend(
            lambda: self.settings, lambda: self._runtime, self._publisher, self._controls
        )
        self.vitals = WorkerHealth(
            settings,
            self.guarded_consumer,
            lambda: None if self._runtime is None else self._runtime.redis,
            lambda: [tuple(source.topics) for source in self._sources],
            self._unconfirmed_s,
            lambda: self.crash_loop.problem(),  # noqa: PLW0108 - its file is named by the configuration
        )
        super().__init__(settings)

    @property
    def runtime(self) -> Runtime:
        """The running worker's models, store and pool."""
        if self._runtime is None:
            raise RuntimeError("the runtime is only there while a worker runs")
        return self._runtime

    def reaches_devices(self, *names: str, within_s: float) -> bool:
        """Return whether the broker lately answered for these topics and confirmed what we sent.

        While a cluster fails over, brokers that are left answer whoever reads, and confirm nothing
        of what the devices send.
        """
        answered = self.is_answered(*names, within_s=within_s)
        return answered and self._unconfirmed_s() <= within_s

    def _unconfirmed_s(self) -> float:
        return max((queue.unconfirmed_s for queue in self._queues), default=0.0)

    def _require(self, message: KafkaMessage) -> None:
        """Raise `SchemaError` for a message whose sender is not authorised."""
        self._signatures.require(message)
        self._device_keys.require(message)

    def expects_silence(self, device_id: str, now_ns: int) -> bool:
        """Return whether a device is paused, quiet or erased at a wall time."""
        return self._controls.expects_silence(device_id, now_ns)

    def erased_ms(self, device_id: str) -> int:
        """Return when a device was last erased, ms since the epoch; 0 if it never was."""
        return self._controls.erased_ms(device_id)

    def source(self, *names: str, in_turns: bool = False) -> TopicT[Any]:
        """Return a channel of the named topics' raw bytes; `in_turns` serves keys round-robin."""
        kind = FairTopic if in_turns else GuardedTopic
        source: TopicT[Any] = kind(
            self,
            topics=[self.settings.topic(name) for name in names],
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
        )
        self._sources.append(source)
        return source

    def reader(
        self,
        name: str,
        sources: Sequence[str],
        read: Callable[[StreamT[Any]], Awaitable[None]],
        *,
        in_turns: bool = False,
    ) -> None:
        """Add an agent that reads the named topics; if it fails, the worker ends.

        `in_turns` serves devices round-robin.

        Faust would restart a failed agent after the messages that it had taken but not
        acknowledged; a restarted worker reads those again.
        """

        async def crash_on_error(stream: StreamT[Any]) -> None:
            try:
                await self.crash_on_error(read(stream))
            except asyncio.CancelledError:
                # Of a worker that ends Faust would log each agent's traceback below why it does.
                if not self.crashed:
                    raise

        self.agent(self.source(*sources, in_turns=in_turns), name=name)(crash_on_error)

    def publish_queue(self, name: str, agents: int = 1) -> PublishQueue:
        """Return a new queue for the outcomes of `agents`; the worker runs it."""
        queue = PublishQueue(
            name,
            self._publisher,
            lambda: self.runtime.checkpoints,
            self.decoder,
            in_flight_max=agents * self.settings.in_flight_max,
            controls=self._controls,
        )
        self._queues.append(queue)
        return queue

    def operator_stage(
        self, operator: KeyedOperator, queue: PublishQueue, silence: Silence
    ) -> OperatorStage:
        """Return a stage that drives an operator in the windowing pool while the worker runs."""
        stage = OperatorStage(
            operator,
            queue,
            silence,
            lambda: self.runtime.checkpoints,
            lambda: self.consumer_generation_id,
            executor=lambda: self.runtime.windowing_pool,
            let_go=self.gate.forget_device,
            controls=self._controls,
            reading=self,
        )

        async def give_up_on_the_silent() -> None:
            while not self.should_stop:
                await self.sleep(_SILENCE_INTERVAL_S)
                await stage.give_up_on_the_silent()
                await stage.let_go_of_the_resting()
                metrics.devices_sending.set(await stage.devices_sending())

        self.task(give_up_on_the_silent)
        self.on_partitions_revoked.connect(stage.give_back, weak=False)
        self.on_partitions_assigned.connect(stage.take_over, weak=False)
        return stage

    @property
    def stored_offsets(self) -> StoredOffsets | None:
        """The offsets that the store has everything up to; None if they are not stored."""
        return None if self._runtime is None else self._runtime.stored_offsets

    def _take_written(self, message: KafkaMessage) -> None:
        consumer = self.guarded_consumer()
        if consumer is not None:
            consumer.take_written(message)

    async def on_start(self) -> None:
        """Open what the agents need before they start."""
        await super().on_start()
        metrics.initialise_topics(self.settings.topic(topic.name) for topic in TOPICS)
        metrics.initialise_newest_times(map(self.settings.topic, TIMED))
        if self._runtime is None and not self.client_only and not self.producer_only:
            await self._start_worker()

    async def _start_worker(self) -> None:
        log.info("%s", self.own_core.says)
        await self._controls.open(self.settings)
        self._runtime = await Runtime.open(self.settings, self._controls.withholds, self.registry)
        self.supervise(self._follow_decisions())
        for queue in self._queues:
            self.supervise(queue.run())
        self.supervise(self._runtime.updates.follow(self._publish_letter))
        if self._runtime.ranking is not None:
            self.supervise(self._runtime.ranking.labels.follow(self._publish_letter))
        self.supervise(self.vitals.watch_topics(self.settings))
        self.add_future(self.vitals.watch_store(self.settings, self._runtime.redis))
        self.add_future(self.vitals.watch_consumer())
        self.add_future(self.vitals.watch_loop())
        # The embedded broker loses everything when it stops, and cannot delete records before.
        if broker_life(self.settings) is None:
            self.add_future(keep_deleting_processed(self.settings, self.committed))

    async def on_stop(self) -> None:
        """Close what on_start opened."""
        await super().on_stop()
        if self._runtime is not None:
            consumer = self.guarded_consumer()
            if consumer is not None and consumer.started:
                # The last commit needs the store.
                await consumer.commit()
            await self._runtime.close()
            self._runtime = None
            if not self.crashed:
                self.crash_loop.forget()
        # Also where the runtime, which is opened after them, did not open.
        await self._controls.close()
        self.own_core.close()

    async def _follow_decisions(self) -> None:
        decisions = Decisions.of(self.runtime.log)
        await self._controls.follow(self._publish_letter, decisions)

    async def _publish_letter(self, letter: DeadLetter) -> None:
        """Publish the dead letter of a record that no agent reads."""
        for topic, partition, message in to_dead_letter(letter, letter.partition).messages:
            await self._publisher.publish(topic, partition, message)

    def _full_name(self, name: str) -> str:
        # Looks the settings up late: see `use`.
        return self.settings.topic(name)
