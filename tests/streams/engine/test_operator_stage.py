from __future__ import annotations

import asyncio
from concurrent.futures import Future
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from infra.errors import StoreChangedError
from operators.errors import CodecError
from schemas import DeadLetter, DeviceControl
from schemas.frames import NS
from streams.engine.device_controls import DeviceControls
from streams.engine.idle_devices import IdleDevices
from streams.engine.operator_stage import OperatorStage, Pending
from streams.engine.outcome import Outcome
from streams.engine.silence import AwaitedSession, LastArrivals
from tests.streams.engine.fakes import Checkpoints, Inbox, Queue
from tests.streams.engine.messages import activity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from streams.engine.kafka.received import Received
    from streams.engine.operator_stage import Step

BAD_S = 13


class Operator:
    """Gives every message back, and remembers what it was asked."""

    def __init__(self) -> None:
        self.restored: dict[str, bytes | None] = {}
        self.sessions: list[str] = []
        self.pending = False

    def knows(self, device_id: str) -> bool:
        return device_id in self.restored

    def knows_session(self, device_id: str, session_id: str) -> bool:
        # The newest two, as an operator that prunes its sessions.
        return session_id in self.sessions[-2:]

    def restore(self, device_id: str, checkpoint: bytes | None) -> None:
        self.restored[device_id] = checkpoint

    def forget(self) -> None:
        self.restored.clear()
        self.sessions.clear()

    def at_rest(self) -> list[str]:
        return list(self.restored)

    def forget_device(self, device_id: str) -> None:
        del self.restored[device_id]

    def stream(self, message: Any) -> str:
        return "har"

    def push(self, received: Received[Any]) -> Iterable[Step]:
        message, token = received.message, received.token
        if message.start_ns // 10**9 == BAD_S:
            raise CodecError("samples do not decode")
        self.sessions.append(message.session_id)
        if not self.pending:
            return [Outcome(checkpoints={"d": message.window_id.encode()}, tokens=[token])]

        async def work() -> Outcome:
            return Outcome([("result", received.partition, message)], tokens=[token])

        return [Pending(work, [token])]

    def waiting(self) -> Iterator[AwaitedSession]:
        yield AwaitedSession("d", "s", "s", ("har",), ("har",))

    def give_up(self, session: AwaitedSession, streams: Sequence[str]) -> Iterable[Step]:
        return [Outcome(checkpoints={session.device_id: ",".join(streams).encode()})]


class _Frame(SimpleNamespace):
    """A frame as far as a stage looks into it."""

    def __init__(self, at_s: int) -> None:
        super().__init__(device_id="d", session_id="s", t_ns=at_s * NS, start_ns=at_s * NS)
        self.window_id = f"{at_s}"


class EverybodySilent:
    def lost(
        self, waiting: Iterable[AwaitedSession], arrivals: LastArrivals
    ) -> Iterator[tuple[AwaitedSession, tuple[str, ...]]]:
        for session in waiting:
            yield session, session.silent


class Rig:
    """A stage around an operator, with everything else played."""

    def __init__(self, checkpoints: Checkpoints | None = None) -> None:
        self.operator = Operator()
        self.queue = Queue()
        self.inbox = Inbox()
        self.arrivals = LastArrivals()
        self.checkpoints = checkpoints or Checkpoints()
        self.generation = 1
        self.now_s = 0.0
        self.let_go: list[str] = []
        self.controls = DeviceControls()
        queue: Any = self.queue
        store: Any = self.checkpoints
        self.stage = OperatorStage(
            self.operator,
            queue,
            EverybodySilent(),
            lambda: store,
            lambda: self.generation,
            arrivals=self.arrivals,
            resting=IdleDevices(60.0, lambda: self.now_s),
            let_go=self.let_go.append,
            controls=self.controls,
            reading=self,
        )
        # Offsets before this one are of frames whose windows are published.
        self.published_before = 0
        self.read_again_count = 0

    def is_published(self, message: Any) -> bool:
        return bool(message.offset < self.published_before)

    async def read_again(self) -> None:
        self.read_again_count += 1

    def erase(self, erased_ms: int) -> None:
        """Let the worker learn that the device was erased, and resumed since."""
        control = DeviceControl(device_id="d", state="active", erased_ms=erased_ms)
        value = control.encode()
        self.controls.take(SimpleNamespace(key=b"d", value=value, timestamp=erased_ms))

    def receive(self, start_s: int, written_ms: int) -> Received[Any]:
        """Return a message that was written at a wall time."""
        received = self.inbox.receive(activity(start_s))
        received.token.after_ms = written_ms - 1
        return received

    async def rest(self, seconds: float) -> None:
        """Look for devices that may go, now and again after some time."""
        await self.stage.let_go_of_the_resting()
        self.now_s += seconds
        await self.stage.let_go_of_the_resting()


async def test_a_device_is_restored_from_its_checkpoint_before_its_first_message() -> None:
    rig = Rig(Checkpoints({"d": b"where it was"}))
    await rig.stage.take([rig.inbox.receive(activity(0))])
    await rig.stage.take([rig.inbox.receive(activity(5))])
    assert rig.operator.restored == {"d": b"where it was"}
    assert rig.checkpoints.asked == [("stage", "d")]


async def test_a_message_from_before_a_change_of_the_partitions_is_left_alone() -> None:
    rig = Rig()
    early = rig.inbox.receive(activity(0), generation=1)
    rig.generation = 2
    await rig.stage.take([early])
    assert not rig.operator.sessions
    assert not rig.queue.outcomes
    assert not rig.inbox.acked


async def test_what_follows_from_a_batch_is_carried_out_in_the_order_of_the_device() -> None:
    rig = Rig()
    await rig.stage.take([rig.inbox.receive(activity(s)) for s in (0, 5, 10)])
    assert [each.checkpoints["d"] for each in rig.queue.outcomes] == [
        f"d/s/har/{start * NS}".encode() for start in (0, 5, 10)
    ]
    assert rig.queue.lanes == ["d"] * 3
    assert rig.inbox.acked == [0, 1, 2]


async def test_once_they_are_revoked_nothing_more_of_the_partitions_is_taken() -> None:
    rig = Rig()
    await rig.stage.take([rig.inbox.receive(activity(0))])
    await rig.stage.give_back()
    assert not rig.operator.knows("d")
    assert len(rig.arrivals) == 0
    assert rig.queue.drops
    # Of the same generation still: not all that was read had been taken.
    await rig.stage.take([rig.inbox.receive(activity(5))])
    assert len(rig.queue.outcomes) == 1
    rig.generation = 2
    await rig.stage.take([rig.inbox.receive(activity(0), generation=2)])
    assert len(rig.queue.outcomes) == 2
    assert rig.checkpoints.asked == [("stage", "d")] * 2


async def test_steps_that_wait_for_room_are_not_queued_once_partitions_are_given_back() -> None:
    rig = Rig()
    put, full = rig.queue.put, asyncio.Event()
    waits: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def put_once_there_is_room(*work: Any, **lane: Any) -> None:
        full.set()
        await waits
        await put(*work, **lane)

    rig.queue.put = put_once_there_is_room
    taking = asyncio.create_task(rig.stage.take([rig.inbox.receive(activity(s)) for s in (0, 5)]))
    await full.wait()
    giving_back = asyncio.create_task(rig.stage.give_back())
    await asyncio.sleep(0)
    # The queue drops its work, which makes room for the first step.
    waits.set_result(None)
    await asyncio.gather(taking, giving_back)
    assert len(rig.queue.outcomes) == 1
    rig.generation = 2
    await rig.stage.take([rig.inbox.receive(activity(0), generation=2)])
    assert len(rig.queue.outcomes) == 2


async def test_a_broker_that_counts_generations_anew_is_read_on() -> None:
    rig = Rig()
    await rig.stage.give_back()
    await rig.stage.take_over()
    await rig.stage.take([rig.inbox.receive(activity(0))])
    assert len(rig.queue.outcomes) == 1


async def test_a_message_that_the_operator_refuses_is_a_dead_letter_and_the_rest_goes_on() -> None:
    rig = Rig()
    await rig.stage.take([rig.inbox.receive(activity(s)) for s in (0, BAD_S, 20)])
    [_, outcome, _] = rig.queue.outcomes
    [(topic, partition, letter)] = outcome.messages
    assert isinstance(letter, DeadLetter)
    assert (topic, partition) == ("dead.letter", 3)
    assert (letter.stage, letter.reason, letter.offset) == ("stage", "codec", 1)
    assert (letter.error, letter.value) == ("samples do not decode", b"bytes")
    assert rig.inbox.acked == [0, 1, 2]


async def test_work_beside_the_operator_is_queued_in_the_order_of_its_messages() -> None:
    rig = Rig()
    rig.operator.pending = True
    await rig.stage.take([rig.inbox.receive(activity(s)) for s in (0, BAD_S, 20)])
    topics = [[topic for topic, *_ in each.messages] for each in rig.queue.outcomes]
    assert topics == [["result"], ["dead.letter"], ["result"]]
    assert rig.inbox.acked == [0, 1, 2]


async def test_the_operator_is_given_what_is_silent() -> None:
    rig = Rig()
    await rig.stage.give_up_on_the_silent()
    assert [each.checkpoints for each in rig.queue.outcomes] == [{"d": b"har"}]


class Named:
    """An executor that carries out at once what it is given, and keeps its name."""

    def __init__(self) -> None:
        self.work: list[str] = []

    def submit(self, work: Any, *arguments: Any) -> Future[Any]:
        self.work.append(work.__name__)
        done: Future[Any] = Future()
        done.set_result(work(*arguments))
        return done


async def test_the_operator_works_off_the_event_loop_where_it_has_an_executor() -> None:
    rig, beside = Rig(), Named()
    executor: Any = beside
    rig.stage._executor = lambda: executor
    await rig.stage.take([rig.inbox.receive(activity(0))])
    await rig.stage.give_up_on_the_silent()
    assert beside.work == ["_push", "give_up"]
    assert len(rig.queue.outcomes) == 2


async def test_when_a_stream_was_last_received_is_forgotten_with_its_session() -> None:
    rig = Rig()
    for number in range(300):
        await rig.stage.take([rig.inbox.receive(activity(0, f"s{number}"))])
        await rig.stage.give_up_on_the_silent()
        assert len(rig.arrivals) <= 2


async def test_a_stream_is_received_by_its_device_session_and_name() -> None:
    rig = Rig()
    await rig.stage.take([rig.inbox.receive(activity(0))])
    assert [(key, list(streams)) for key, streams in rig.arrivals._sessions.items()] == [
        (("d", "s"), ["har"])
    ]


async def test_a_device_that_sends_is_counted_until_its_partition_is_another_workers() -> None:
    rig = Rig()
    for session in ("s", "t"):
        await rig.stage.take([rig.inbox.receive(activity(0, session))])
    # As while the broker does not answer.
    rig.arrivals.clear()
    assert await rig.stage.devices_sending() == 1
    await rig.stage.give_back()
    assert await rig.stage.devices_sending() == 0


async def test_batches_are_taken_as_large_as_they_come() -> None:
    rig = Rig()
    messages = [rig.inbox.receive(activity(s)) for s in (0, 5, 10)]
    reading: Any = Queue(messages)
    rig.stage._queue = reading
    await rig.stage.read_batches(None, 2)
    assert rig.inbox.acked == [0, 1, 2]


async def test_a_device_that_was_at_rest_for_long_goes_and_its_checkpoint_brings_it_back() -> None:
    rig = Rig(Checkpoints({"d": b"where it was"}))
    await rig.stage.take([rig.inbox.receive(activity(0))])
    await rig.rest(59.0)
    assert rig.operator.knows("d")
    await rig.rest(2.0)
    assert not rig.operator.knows("d")
    assert rig.let_go == ["d"]
    await rig.stage.take([rig.inbox.receive(activity(5))])
    assert rig.operator.restored == {"d": b"where it was"}


async def test_a_device_with_work_under_way_does_not_go() -> None:
    rig = Rig()
    await rig.stage.take([rig.inbox.receive(activity(0))])
    rig.queue.working = {"d"}
    await rig.rest(61.0)
    assert rig.operator.knows("d")
    rig.queue.working = set()
    await rig.stage.let_go_of_the_resting()
    assert rig.let_go == ["d"]


async def test_the_state_of_before_an_erasure_is_dropped_and_the_device_begins_anew() -> None:
    rig = Rig(Checkpoints({"d": b"of before"}))
    await rig.stage.take([rig.receive(0, 500)])
    assert (rig.queue.after, rig.stage.after_ms("d")) == ([0], 0)
    rig.erase(1_000)
    rig.checkpoints.values.clear()
    # Decoded before the decision was known.
    await rig.stage.take([rig.receive(5, 1_000)])
    assert rig.operator.restored == {"d": b"of before"}
    await rig.stage.take([rig.receive(10, 1_001), rig.receive(15, 1_002)])
    assert rig.operator.restored == {"d": None}
    assert rig.stage.after_ms("d") == 1_000
    assert rig.inbox.acked == [0, 1, 2, 3]
    # The message of before, what its session was given up with, and what came after.
    assert rig.queue.after == [0, None, 0, 1_000, 1_000]
    assert [each.checkpoints.get("d") for each in rig.queue.outcomes] == [
        b"d/s/har/0",
        None,
        b"har",
        b"d/s/har/10000000000",
        b"d/s/har/15000000000",
    ]
    # Nothing more is dropped.
    await rig.stage.take([rig.receive(20, 1_003)])
    assert rig.checkpoints.asked == [("stage", "d")] * 2


async def test_a_device_that_is_let_go_is_restored_after_its_last_erasure() -> None:
    rig = Rig()
    rig.erase(1_000)
    await rig.stage.take([rig.receive(0, 1_001)])
    await rig.rest(60.0)
    assert rig.stage.after_ms("d") == 0
    await rig.stage.take([rig.receive(5, 1_002)])
    assert rig.queue.after == [1_000, 1_000]


async def test_nothing_begins_anew_before_work_of_before_is_done() -> None:
    rig = Rig()
    await rig.stage.take([rig.receive(0, 500)])
    rig.erase(1_000)
    rig.queue.working = {"d"}
    taking = asyncio.create_task(rig.stage.take([rig.receive(5, 1_001)]))
    await asyncio.sleep(0.1)
    assert len(rig.checkpoints.asked) == 1
    rig.queue.working.clear()
    await taking
    assert len(rig.checkpoints.asked) == 2


class _AnotherCopy(Checkpoints):
    """A store that fails over before a device is looked up, until the partitions are sought."""

    def __init__(self, *unknown: str) -> None:
        super().__init__()
        self.unknown = set(unknown)

    async def get(self, stage: str, device_id: str) -> bytes | None:
        if device_id in self.unknown:
            raise StoreChangedError("another copy of the store answers than before")
        return await super().get(stage, device_id)


async def test_from_another_copy_of_the_store_no_device_is_restored_and_all_is_read_again() -> None:
    store = _AnotherCopy("e")
    rig = Rig(store)
    await rig.stage.take([rig.inbox.receive(activity(0))])
    other = activity(5).model_copy(update={"device_id": "e"})
    await rig.stage.take([rig.inbox.receive(each) for each in (activity(5), other)])
    await rig.stage.take([rig.inbox.receive(activity(10))])
    # Neither the batch nor what follows is taken, and no stream is silent for it.
    await rig.stage.give_up_on_the_silent()
    assert rig.inbox.acked == [0]
    assert len(rig.queue.outcomes) == 1
    assert rig.read_again_count == 1
    store.unknown.clear()
    await rig.stage.give_back()
    rig.generation = 2
    await rig.stage.take_over()
    await rig.stage.take([rig.inbox.receive(activity(5), generation=2)])
    assert len(rig.queue.outcomes) == 2


async def test_frames_that_are_read_again_to_learn_from_are_noted_until_they_are_given_back() -> (
    None
):
    rig = Rig()
    rig.published_before = 1
    late, early = (rig.inbox.receive(_Frame(at_s)) for at_s in (40, 70))
    await rig.stage.take([late, early])
    assert [rig.queue.published.has(activity(at_s)) for at_s in (40, 45)] == [True, False]
    await rig.stage.give_back()
    assert not rig.queue.published
