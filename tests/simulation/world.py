"""Deterministic simulation of a broker, a store and a group of workers in one process.

Nothing waits for a clock, a thread or a socket, so a seed determines all events. Stages, queues,
windowers and joiners are the real ones; networks, broker and store are simulated.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from faust.types import TP

from infra import topics
from infra.errors import StoreChangedError, TakenOverError
from infra.settings import Settings
from operators.windowing import WindowingConfig
from streams.engine.idle_devices import IdleDevices
from streams.engine.kafka.decoding import Decoder
from streams.engine.kafka.reading_again import ReadingAgain, reading_again
from streams.engine.kafka.received import Received, Token
from streams.engine.operator_stage import OperatorStage
from streams.engine.publish_queue import PublishQueue
from streams.engine.silence import LastArrivals, StreamSilence
from streams.windower import Windowing
from tests.simulation.agents import dispatcher, share
from tests.simulation.recordings import CLOCK_NS, Sketch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence
    from random import Random

    from schemas import AudioFrame, ImuFrame, Message, Window
    from tests.simulation.recordings import Tp

CONFIG = WindowingConfig(spatial_s=1, har_s=3, scenario_s=6, allowed_lateness_s=2.0)
FAILING_SHARE = 0.03
_IDLE_S, _SESSION_END_S = 5.0, 60.0
_FRAMES = {topics.AUDIO_FRAMES, topics.IMU_FRAMES}
_COPIES_MAX = 8


@dataclass
class Log:
    """The published records of a group; a conflict is one identity with two contents."""

    records: dict[tuple[str, str], bytes] = field(default_factory=dict)
    conflicts: list[tuple[str, str]] = field(default_factory=list)

    def append(self, topic: str, message: Any) -> None:
        """Add a message, deduplicated by its id as consumers do."""
        identity = (topic, f"{message.window_id} {getattr(message, 'stage', '')}")
        content = message.encode()
        if self.records.setdefault(identity, content) != content:
            self.conflicts.append(identity)


@dataclass
class Store:
    """What a copy of the store holds.

    By device, the checkpoint and the worker that read it last: no other may put one. By partition,
    up to where the checkpoints have everything. `history` differs between copies that serve.
    """

    checkpoints: dict[str, bytes] = field(default_factory=dict)
    owners: dict[str, Worker] = field(default_factory=dict)
    offsets: dict[TP, int] = field(default_factory=dict)
    history: int = 0

    def copy(self, history: int) -> Store:
        """Return what it holds by now."""
        return Store({**self.checkpoints}, {**self.owners}, {**self.offsets}, history)


class World:
    """Partitions of frames, their commits, the store and the log."""

    def __init__(
        self, frames: Mapping[Tp, Sequence[AudioFrame | ImuFrame]], chance: Random
    ) -> None:
        self.frames = {TP(*tp): each for tp, each in frames.items()}
        self.chance = chance
        self.log = Log()
        self.committed = dict.fromkeys(self.frames, 0)
        self.store = Store()
        self._replicas = [Store()]
        self.workers: list[Worker] = []
        self.generation = 0
        self.now_s = 0.0
        # Number of frames sent per partition.
        self.sent = dict.fromkeys(self.frames, 0)
        self.faulty = False
        self.failovers = 0

    @property
    def is_all_sent(self) -> bool:
        """Whether all frames were sent."""
        return all(self.sent[tp] == len(self.frames[tp]) for tp in self.frames)

    @property
    def is_all_committed(self) -> bool:
        """Whether every frame was acknowledged and its acknowledgement committed."""
        return all(self.committed[tp] == len(self.frames[tp]) for tp in self.frames)

    def replicate(self) -> None:
        """Let a replica have all that is stored by now."""
        self._replicas = [*self._replicas, self.store.copy(0)][-_COPIES_MAX:]

    def fail_over(self) -> None:
        """Go on with a replica that lacks the last writes, or with an empty store."""
        self.failovers += 1
        replica = Store() if self.chance.random() < 0.2 else self.chance.choice(self._replicas)
        self.store = replica.copy(self.store.history + 1)
        self._replicas = [self.store.copy(0)]

    async def pause(self, at_most: int = 6) -> None:
        """Yield to other tasks a random number of times."""
        for _ in range(self.chance.randrange(at_most) if self.faulty else 0):
            await asyncio.sleep(0)

    @property
    def members(self) -> list[Worker]:
        """The workers that the broker knows as members of the group."""
        return [worker for worker in self.workers if not worker.is_evicted]

    async def share_out(self) -> None:
        """Assign every partition to one of the members, as a rebalance does."""
        members = self.members
        for worker in members:
            await worker.stage.give_back()
            if self.chance.random() < 0.5:
                worker.commit()
        self.generation += 1
        for number, worker in enumerate(members):
            mine = [tp for tp in self.frames if tp[1] % len(members) == number]
            worker.take_over(mine)
            await worker.stage.take_over()

    async def start_worker(self) -> None:
        """Add a worker."""
        self.workers.append(Worker(self))
        await self.share_out()

    async def kill_worker(self, worker: Worker) -> None:
        """Kill a worker; the others take over its partitions."""
        self.workers.remove(worker)
        await worker.kill()
        if self.members:
            await self.share_out()

    async def freeze_worker(self, worker: Worker) -> None:
        """Freeze a member beyond its session; the others take over its partitions."""
        worker.is_frozen = worker.is_evicted = True
        if self.members:
            await self.share_out()
        else:
            await self.start_worker()

    async def rejoin(self, worker: Worker) -> None:
        """Let an evicted worker, which has learned of it, join the group again."""
        worker.is_evicted = False
        await self.share_out()


class Worker:
    """One worker of the group."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._position: dict[TP, int] = {}
        self._acked: dict[TP, set[int]] = defaultdict(set)
        # By partition: the end of the unbroken run of acknowledged offsets.
        self._done: dict[TP, int] = {}
        # The store's history when the partitions were sought, and whether it is another by now.
        self._history = 0
        self.store_changed = False
        self._again = ReadingAgain()
        self._in_send: list[tuple[str, Message]] = []
        self._deliveries: set[asyncio.Future[None]] = set()
        self._generation = 0
        # Evicted by the broker, which the worker does not know yet. While it is frozen, nothing
        # that it does takes effect.
        self.is_evicted = self.is_frozen = False
        store = broker = self
        self.queue = PublishQueue(
            "windower",
            broker,  # type: ignore[arg-type]
            lambda: store,  # type: ignore[arg-type,return-value]
            Decoder({}),
            in_flight_max=world.chance.choice((2, 8, 64)),
            eviction_known_s=0.0,
        )
        settings = _SETTINGS
        windowing = Windowing(settings, Sketch(), lambda: CLOCK_NS, CONFIG)
        self.stage = OperatorStage(
            dispatcher(settings, windowing, self._work),
            self.queue,
            StreamSilence(self._is_caught_up, _IDLE_S, _SESSION_END_S),
            lambda: store,  # type: ignore[arg-type,return-value]
            lambda: self._generation,
            arrivals=LastArrivals(lambda: world.now_s),
            resting=IdleDevices(0.0, lambda: world.now_s),
            reading=self,
        )
        self._tasks = [asyncio.ensure_future(self.queue.run()), asyncio.ensure_future(self._read())]

    def take_over(self, partitions: list[TP]) -> None:
        """Read partitions from their committed offsets, or from what the store reaches."""
        world = self._world
        committed = {tp: world.committed[tp] for tp in partitions}
        reached = {tp: end for tp, end in world.store.offsets.items() if tp in committed}
        self._again = reading_again(committed, reached, {}, _FRAMES)
        self._done = {**committed, **self._again.starts}
        self._history, self.store_changed = world.store.history, False
        world.store.offsets = {**self._done, **world.store.offsets}
        self._position = dict(self._done)
        self._acked.clear()
        self._generation = world.generation

    def commit(self) -> None:
        """Commit the contiguous acknowledged offsets of each partition, unless it was evicted."""
        if self.is_evicted or self.store_changed:
            return
        world = self._world
        for tp in self._done:
            while self._done[tp] in self._acked[tp]:
                self._done[tp] += 1
        if self._history != world.store.history:
            self.store_changed = True
            return
        reached = {tp: max(end, world.store.offsets.get(tp, 0)) for tp, end in self._done.items()}
        world.store.offsets.update(reached)
        if not world.faulty or world.chance.random() < 0.9:
            world.committed.update(self._done)

    def is_published(self, message: Any) -> bool:
        """Return whether a frame is read again only to learn from."""
        at = TP(message.topic, message.partition)
        return bool(message.offset < self._again.published.get(at, 0))

    async def read_again(self) -> None:
        """Wait to take the partitions over once more."""
        self.store_changed = True

    async def kill(self) -> None:
        """Stop everything at once; a random part of the messages in flight still arrives."""
        for task in (*self._tasks, *self._deliveries):
            task.cancel()
        for waiting in self.queue._lanes.values():
            for future, *_ in waiting:
                future.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        arrived = self._world.chance.randrange(len(self._in_send) + 1)
        self._arrive(self._in_send[:arrived])

    def has_ended(self) -> bool:
        """Return whether the worker ended because of its eviction; raises other errors."""
        for task in self._tasks:
            if task.done():
                try:
                    task.result()
                except TakenOverError:
                    return True
        return False

    async def publish(
        self, topic: str, partition: int | None, message: Message, after_ms: int = 0
    ) -> Awaitable[None]:
        """Send a message, which arrives in order, some time before its acknowledgement."""
        del partition, after_ms
        await self._pause(2)
        self._in_send.append((topic, message))

        async def confirm() -> None:
            await self._pause()
            if any(each is message for _, each in self._in_send):
                end = next(i for i, (_, m) in enumerate(self._in_send) if m is message) + 1
                self._arrive(self._in_send[:end])
                del self._in_send[:end]
            await self._pause()

        delivery = asyncio.ensure_future(confirm())
        self._deliveries.add(delivery)
        delivery.add_done_callback(self._deliveries.discard)
        return delivery

    async def get(self, stage: str, device_id: str) -> bytes | None:
        """Return a checkpoint."""
        del stage
        await self._pause()
        store = self._world.store
        if store.history != self._history:
            raise StoreChangedError("another copy of the store")
        store.owners[device_id] = self
        return store.checkpoints.get(device_id)

    async def put(
        self, stage: str, items: Mapping[str, bytes], after_ms: Mapping[str, int]
    ) -> set[str]:
        """Store checkpoints."""
        del stage, after_ms
        await self._pause()
        store = self._world.store
        mine = {device_id for device_id in items if store.owners.get(device_id, self) is self}
        store.checkpoints |= {device_id: items[device_id] for device_id in mine}
        store.owners |= dict.fromkeys(mine, self)
        await self._pause()
        if mine < items.keys():
            raise TakenOverError(f"not written: {items.keys() - mine}")
        return set()

    async def _pause(self, at_most: int = 6) -> None:
        await self._world.pause(at_most)
        while self.is_frozen:
            await asyncio.sleep(0)

    def _arrive(self, messages: Sequence[tuple[str, Message]]) -> None:
        for topic, message in messages:
            self._world.log.append(topic, message)

    def _is_caught_up(self) -> bool:
        sent = self._world.sent
        return self._world.is_all_sent and all(
            position == sent[tp] for tp, position in self._position.items()
        )

    async def _work(self, window: Window) -> None:
        await self._pause(12)
        if share(window.window_id) < FAILING_SHARE:
            raise ValueError("the network cannot make anything of this window")

    async def _read(self) -> None:
        chance = self._world.chance
        while True:
            behind = [tp for tp, at in self._position.items() if at < self._world.sent[tp]]
            if not behind:
                await self.stage.give_up_on_the_silent()
                await asyncio.sleep(0)
                continue
            tp = chance.choice(behind)
            count = min(chance.randint(1, 4), self._world.sent[tp] - self._position[tp])
            first = self._position[tp]
            self._position[tp] += count
            batch = [self._receive(tp, offset) for offset in range(first, first + count)]
            await self._pause()
            await self.stage.take(batch)
            if self._world.faulty:
                await self.stage.let_go_of_the_resting()
            await asyncio.sleep(0)

    def _receive(self, tp: TP, offset: int) -> Received[Any]:
        frame = self._world.frames[tp][offset]
        generation = self._generation
        message: Any = SimpleNamespace(
            topic=tp[0],
            partition=tp[1],
            offset=offset,
            key=frame.device_id.encode(),
            value=b"",
            generation_id=generation,
            timestamp=0.0,
            timestamp_type=0,
        )

        def acknowledge() -> None:
            # Frames read in an earlier generation must not be acknowledged.
            if generation == self._generation:
                self._acked[tp].add(offset)

        return Received(frame, Token(message, acknowledge))


_SETTINGS = Settings(_env_file=None)
