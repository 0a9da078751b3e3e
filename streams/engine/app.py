"""The Faust app class: settings, topics and what lives while a worker runs."""

from __future__ import annotations

import asyncio
import logging
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import faust
from faust.exceptions import AlreadyConfiguredWarning
from redis.exceptions import RedisError

from infra import metrics
from infra.broker.device_control import write_control
from infra.broker.device_keys import DeviceKeys
from infra.broker.signing import Signatures
from infra.broker.topic_reader import partition_of, publish
from infra.daily_log.decisions import Decisions
from infra.disk import disk_problem, free_bytes, full_disk
from infra.errors import InfraError, ServiceError, StoreError
from infra.local.embedded import broker_life
from infra.model_store.deployment import SCENARIO
from infra.model_store.history import Revisions
from infra.redis.client import outage
from infra.redis.outage import cause
from infra.secrets import mask_url
from infra.topics import ACTIVITY, CORRECTIONS, RAW, SCENARIO_REFINED, TOPICS
from infra.topics import SCENARIO as SCENARIO_RECORDS
from operators.device_share import DeviceShare
from streams.engine.dead_letters import keep_sound, to_dead_letter
from streams.engine.device_controls import DeviceControls
from streams.engine.kafka.consumer import Consumer
from streams.engine.kafka.credentials import credentials
from streams.engine.kafka.decoding import Decoder
from streams.engine.kafka.fair_queue import FairTopic
from streams.engine.kafka.share_gate import ShareGate
from streams.engine.kafka.topic import GuardedTopic
from streams.engine.kafka.transport import Transport
from streams.engine.loop_watch import LoopWatch
from streams.engine.operator_stage import OperatorStage
from streams.engine.own_core import OFF, OwnCore
from streams.engine.progress import STUCK_AFTER_S, ConsumerProgress, LoopLag
from streams.engine.publish_queue import PublishQueue
from streams.engine.publisher import Publisher
from streams.engine.raw_retention import INTERVAL_S, delete_processed
from streams.engine.runtime import Runtime, open_registry
from streams.engine.topic_watch import TopicWatch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from faust.types import TP, StreamT, TopicT
    from faust.types import Message as KafkaMessage

    from infra.daily_log.store import LogStore
    from infra.llm import Llm
    from infra.model_store.history import Attempt
    from infra.settings import Settings
    from schemas import Correction, DeadLetter, DeviceControl, Frame
    from streams.engine.operator_stage import KeyedOperator
    from streams.engine.silence import Silence

log = logging.getLogger(__name__)

# Windows of thirty seconds are the largest messages; a fetch must hold at least one.
_MAX_REQUEST_BYTES = 5_000_000
_WATCH_INTERVAL_S = 1.0
# A heartbeat is how a worker learns that another one is gone.
_HEARTBEAT_S = 0.5
_SILENCE_INTERVAL_S = 0.5
# A topic that is created again is read and written again after this long.
_METADATA_MAX_AGE_MS = 5_000
# The embedded broker is asked for news about twice a second.
_DECIDED_WITHIN_S, _DECIDED_LOOK_S = 5.0, 0.02


class EgoLogApp(faust.App):
    """A Faust app that publishes in order, keeps what cannot be processed and skips nothing."""

    settings: Settings

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        keep_sound(settings.dead_letter_sound)
        self._signatures, self._device_keys = Signatures.of(settings), DeviceKeys.of(settings)
        # What agents read that agents of this worker write.
        read_back = (SCENARIO_RECORDS, SCENARIO_REFINED, ACTIVITY)
        self.read_back = frozenset(settings.topic(name) for name in read_back)
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
        self._loop_lag = LoopLag()
        self._progress = ConsumerProgress(settings.session_end_timeout_s + STUCK_AFTER_S)
        self._topic_watch: TopicWatch | None = None
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
        state = settings.run_dir / "faust"
        state.mkdir(parents=True, exist_ok=True)
        super().__init__(
            settings.app_id,
            # An embedded broker's port is known only once it runs: see `use`.
            broker=f"kafka://{','.join(settings.bootstrap_servers) or '127.0.0.1:1'}",
            store="memory://",
            datadir=str(state),
            autodiscover=False,
            key_serializer="raw",
            value_serializer="raw",
            topic_partitions=settings.topic_partitions,
            topic_replication_factor=settings.topic_replicas,
            topic_allow_declare=False,
            topic_disable_leader=True,
            producer_linger=0.005,
            # Records repeat names and ids. Clients and servers have it since Kafka 2.1; lz4 is
            # faster by six microseconds a batch, and leaves a twentieth more on disk.
            producer_compression_type="zstd",
            producer_metadata_max_age_ms=_METADATA_MAX_AGE_MS,
            consumer_metadata_max_age_ms=_METADATA_MAX_AGE_MS,
            producer_max_request_size=_MAX_REQUEST_BYTES,
            consumer_max_fetch_size=_MAX_REQUEST_BYTES,
            consumer_auto_offset_reset="earliest",
            broker_session_timeout=settings.session_timeout_s,
            broker_heartbeat_interval=min(settings.session_timeout_s / 3, _HEARTBEAT_S),
            broker_rebalance_timeout=settings.session_timeout_s,
            broker_commit_interval=settings.commit_interval_s,
            stream_buffer_maxsize=settings.stream_buffer_max,
            stream_wait_empty=False,
            stream_recovery_delay=0.0,
            web_bind=settings.web_host,
            web_port=settings.web_port,
            web_host=settings.web_host,
            worker_redirect_stdouts=False,
            Worker="streams.engine.worker:Worker",
            Topic="streams.engine.kafka.topic:GuardedTopic",
        )

    def use(self, settings: Settings) -> None:
        """Take settings whose embedded services have become real addresses."""
        self.settings = settings
        broker = f"kafka://{','.join(settings.bootstrap_servers)}"
        conf = self.conf
        with warnings.catch_warnings():
            # Faust warns of a late change; the two transports below are all that read it early.
            warnings.simplefilter("ignore", AlreadyConfiguredWarning)
            conf.broker = conf.broker_consumer = conf.broker_producer = broker
            conf.broker_credentials = credentials(settings)
        self.transport.url = conf.broker_consumer
        self.producer_transport.url = conf.broker_producer

    @property
    def runtime(self) -> Runtime:
        """The running worker's models, store and pool."""
        if self._runtime is None:
            raise RuntimeError("the runtime is only there while a worker runs")
        return self._runtime

    def log_store(self) -> LogStore | None:
        """Return the running worker's daily log, None while it is still connecting."""
        return None if self._runtime is None else self._runtime.log

    def language_model(self) -> tuple[Llm, str] | None:
        """Return the running worker's language model and its name, None where none is set."""
        runtime = self._runtime
        if runtime is None or runtime.llm is None:
            return None
        return runtime.llm, self.settings.llm_model

    async def publish_correction(self, correction: Correction) -> None:
        """Publish what a wearer says of the log, and wait until the broker has it."""
        await publish(
            self.settings,
            CORRECTIONS,
            correction.correction_id,
            correction.encode(),
            beside=correction.device_id,
        )

    def device_control(self, device_id: str) -> DeviceControl | None:
        """Return what was decided about a device last, None where nothing was."""
        return self._controls.get(device_id)

    async def decide(self, control: DeviceControl) -> None:
        """Publish a decision about a device, and wait until it holds here, or a few seconds."""
        await write_control(self.settings, control)
        with suppress(TimeoutError):
            async with asyncio.timeout(_DECIDED_WITHIN_S):
                while self._controls.get(control.device_id) != control:
                    await asyncio.sleep(_DECIDED_LOOK_S)

    async def publish_frame(self, topic: str, frame: Frame) -> None:
        """Publish a device's frame, and wait until the broker has it."""
        partition = partition_of(frame.device_id, self.settings.topic_partitions)
        await (await self._publisher.publish(topic, partition, frame))

    def _require(self, message: KafkaMessage) -> None:
        """Raise `SchemaError` for a message that may not be read, whatever it says."""
        self._signatures.require(message)
        self._device_keys.require(message)

    async def attempts(self) -> list[Attempt]:
        """Return the revisions of the scenario network that were tried, the oldest first."""
        return await Revisions(self.runtime.redis, self.settings.app_id).all(SCENARIO)

    def expects_silence(self, device_id: str, now_ns: int) -> bool:
        """Return whether nothing of a device is processed at a wall time."""
        return self._controls.expects_silence(device_id, now_ns)

    def problem(self) -> str | None:
        """Return in one line what keeps the worker from its work, None where nothing does."""
        topics_problem = None if self._topic_watch is None else self._topic_watch.problem
        store_problem = None if self._runtime is None else outage(self._runtime.redis)
        return topics_problem or store_problem or disk_problem(self.settings.run_dir)

    def stuck(self) -> str | None:
        """Return in one line why only a restart helps, None where the worker gets on."""
        return self._progress.problem() or self._loop_lag.problem()

    def figures(self) -> dict[str, float]:
        """Return what was measured of this process."""
        free = free_bytes(self.settings.run_dir)
        return {
            "loop_lag_s": round(self._loop_lag.worst_s, 3),
            "lag": sum(self.lag().values()),
            **({} if free is None else {"disk_free_mb": free // 1_000_000}),
        }

    def source(self, *names: str, in_turns: bool = False) -> TopicT[Any]:
        """Return the named topics as one channel of raw bytes, `in_turns` one of each key's."""
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

        With `in_turns` no device's messages stand before another's.

        Faust would start a failed agent again behind the messages that it had taken and not
        acknowledged; a worker that starts again reads them again.
        """

        async def crash_on_error(stream: StreamT[Any]) -> None:
            await self.crash_on_error(read(stream))

        self.agent(self.source(*sources, in_turns=in_turns), name=name)(crash_on_error)

    def publish_queue(self, name: str, agents: int = 1) -> PublishQueue:
        """Return a new queue of the outcomes of `agents`, carried out while the worker runs."""
        queue = PublishQueue(
            name,
            self._publisher,
            lambda: self.runtime.checkpoints,
            self.decoder,
            in_flight_max=agents * self.settings.in_flight_max,
            supervise=self.crash_on_error,
            controls=self._controls,
        )
        self._queues.append(queue)
        return queue

    def operator_stage(
        self, operator: KeyedOperator, queue: PublishQueue, silence: Silence
    ) -> OperatorStage:
        """Return what drives an operator in the pool for windowing while the worker runs."""
        stage = OperatorStage(
            operator,
            queue,
            silence,
            lambda: self.runtime.checkpoints,
            lambda: self.consumer_generation_id,
            executor=lambda: self.runtime.windowing_pool,
            let_go=self.gate.forget_device,
        )

        async def give_up_on_the_silent() -> None:
            while not self.should_stop:
                await self.sleep(_SILENCE_INTERVAL_S)
                await stage.give_up_on_the_silent()
                await stage.let_go_of_the_resting()

        self.task(give_up_on_the_silent)
        self.on_partitions_revoked.connect(stage.give_back, weak=False)
        self.on_partitions_assigned.connect(stage.take_over, weak=False)
        return stage

    def _take_written(self, message: KafkaMessage) -> None:
        consumer = self.consumer
        if isinstance(consumer, Consumer):
            consumer.take_written(message)

    def caught_up(self, *names: str) -> bool:
        """Return whether everything in the assigned partitions of these topics was read."""
        consumer = self.consumer
        return isinstance(consumer, Consumer) and consumer.has_read(
            {self.settings.topic(name) for name in names}
        )

    def is_answered(self, *names: str, within_s: float) -> bool:
        """Return whether the broker has told lately of what was read of these topics."""
        consumer = self.consumer
        return isinstance(consumer, Consumer) and consumer.is_answered(
            {self.settings.topic(name) for name in names}, within_s
        )

    def lag(self) -> dict[TP, int]:
        """Return how many messages each assigned partition still has to be read."""
        consumer = self.consumer
        return consumer.lag() if isinstance(consumer, Consumer) else {}

    async def on_start(self) -> None:
        """Open what the agents need before they start."""
        await super().on_start()
        metrics.initialise_topics(self.settings.topic(topic.name) for topic in TOPICS)
        if self._runtime is None and not self.client_only and not self.producer_only:
            log.info("%s", self.own_core.says)
            await self._controls.open(self.settings)
            self._runtime = await Runtime.open(
                self.settings, self._controls.withholds, self.registry
            )
            self.add_future(self.crash_on_error(self._follow_decisions()))
            for queue in self._queues:
                self.add_future(self.crash_on_error(queue.run()))
            self.add_future(self.crash_on_error(self._runtime.updates.follow(self._publish_letter)))
            if self._runtime.ranking is not None:
                self.add_future(
                    self.crash_on_error(self._runtime.ranking.labels.follow(self._publish_letter))
                )
            self._topic_watch = TopicWatch(self.settings)
            self.add_future(self.crash_on_error(self._topic_watch.run()))
            self.add_future(self._watch())
            self.add_future(LoopWatch(note_late_s=self._loop_lag.note).run())
            # The embedded broker keeps nothing beyond its end, and can delete nothing before.
            if broker_life(self.settings) is None:
                self.add_future(self._delete_processed())

    async def on_stop(self) -> None:
        """Close what on_start opened."""
        await super().on_stop()
        if self._runtime is not None:
            await self._runtime.close()
            self._runtime = None
            await self._controls.close()
            self.own_core.close()

    async def crash_on_error(self, work: Awaitable[None]) -> None:
        """Do work without which the worker must not go on: if it fails, the worker ends.

        What infra names ends it with one line; what nobody foresaw, with its traceback.
        """
        try:
            await work
        except asyncio.CancelledError:
            raise
        except InfraError as error:
            self._end(error)
        except RedisError as error:
            self._end(StoreError(f"redis at {mask_url(self.settings.redis_url)} {cause(error)}"))
        except OSError as error:
            full = full_disk(error)
            if full is None:
                await self.crash(error)
                raise
            self._end(ServiceError(full))
        except Exception as error:
            # Not published means not acknowledged: a restart reads it again.
            await self.crash(error)
            raise

    def _end(self, error: InfraError) -> None:
        if not self.crashed:
            log.critical("the worker ends: %s", error)
            # What `crash` does, less the traceback.
            root = self.beacon.root
            (self if root is None else root.data)._crash(error)

    async def _follow_decisions(self) -> None:
        decisions = Decisions.of(self.runtime.log)
        await self._controls.follow(self._publish_letter, decisions)

    async def _publish_letter(self, letter: DeadLetter) -> None:
        """Publish a dead letter of what no agent reads."""
        for topic, partition, message in to_dead_letter(letter, letter.partition).messages:
            await self._publisher.publish(topic, partition, message)

    def _full_name(self, name: str) -> str:
        # Of the settings as they are by then: see `use`.
        return self.settings.topic(name)

    async def _watch(self) -> None:
        shown: dict[TP, int] = {}
        while not self.should_stop:
            lags = self.lag()
            for tp in shown.keys() - lags.keys():
                # Another worker's now; its last value here would be a lag that nobody has.
                metrics.consumer_lag.remove(tp.topic, tp.partition)
            for tp, lag in lags.items():
                if shown.get(tp) != lag:
                    metrics.consumer_lag.labels(topic=tp.topic, partition=tp.partition).set(lag)
            shown = lags
            consumer = self.consumer
            if isinstance(consumer, Consumer):
                sources = [tuple(source.topics) for source in self._sources]
                self._progress.observe(consumer.progress(), sources)
            await self.sleep(_WATCH_INTERVAL_S)

    async def _delete_processed(self) -> None:
        names = [self.settings.topic(name) for name in RAW]
        while not self.should_stop:
            await self.sleep(INTERVAL_S)
            consumer = self.consumer
            if isinstance(consumer, Consumer):
                committed = {
                    tp: reading.committed
                    for tp, reading in consumer.progress().items()
                    if tp.topic in names
                }
                await delete_processed(self.settings, committed)

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> Transport:
        return Transport(self.conf.broker_producer, self)
