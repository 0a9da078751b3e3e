from __future__ import annotations

import asyncio
import threading
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP

from streams.engine.kafka import fetching
from streams.engine.kafka.fetching import FetchingThread, OffsetRange
from streams.engine.kafka.written_here import WrittenHere

A, B = TP("a", 0), TP("b", 0)


class Consumer:
    """aiokafka's consumer as far as the thread looks into it."""

    def __init__(self, **positions: int | None) -> None:
        self.topics = set(positions)
        self._client = SimpleNamespace(cluster=SimpleNamespace(topics=lambda: self.topics))
        self._subscription = SimpleNamespace(subscription=None)
        self._fetcher: Any = None
        self._coordinator: Any = None
        self.assign(**positions)

    def assign(self, **positions: int | None) -> None:
        states = {
            TopicPartition(topic, 0): SimpleNamespace(
                position=position,
                has_valid_position=position is not None,
                highwater=9,
                lso=None,
                consumed_to=partial(self.move, topic),
            )
            for topic, position in positions.items()
        }
        assignment = SimpleNamespace(tps=set(states), state_value=states.get)
        self._subscription.subscription = SimpleNamespace(assignment=assignment)

    def move(self, topic: str, position: int | None) -> None:
        state = self._subscription.subscription.assignment.state_value(TopicPartition(topic, 0))
        state.position, state.has_valid_position = position, position is not None

    def end_stable_offsets_at(self, offset: int | None) -> None:
        self._subscription.subscription.assignment.state_value(TopicPartition("a", 0)).lso = offset


def thread(consumer: Consumer) -> FetchingThread:
    made: FetchingThread = FetchingThread.__new__(FetchingThread)
    made._consumer = consumer
    return made


async def fetch(
    fetching: FetchingThread, consumer: Consumer, monkeypatch: pytest.MonkeyPatch, change: Any
) -> None:
    async def fetched(self: object, *_: object, **__: object) -> dict[TP, list[object]]:
        change()
        return {}

    monkeypatch.setattr(AIOKafkaConsumerThread, "_fetch_records", fetched)
    assert await fetching._fetch_records(consumer, {A, B}, timeout=1.0) == {}


async def test_what_a_fetch_looked_at_is_what_the_position_moved_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    consumer = Consumer(a=4, b=7)
    fetching = thread(consumer)
    await fetch(fetching, consumer, monkeypatch, lambda: consumer.move("a", 6))
    assert fetching.covered == {A: OffsetRange(4, 6)}
    assert fetching.positions == {A: 6, B: 7}


@pytest.mark.parametrize("position", [0, 3, 4, None])
async def test_a_position_that_did_not_move_on_is_no_range(
    monkeypatch: pytest.MonkeyPatch, position: int | None
) -> None:
    consumer = Consumer(a=4)
    fetching = thread(consumer)
    await fetch(fetching, consumer, monkeypatch, lambda: consumer.move("a", position))
    assert fetching.covered == {}
    assert fetching.positions == ({} if position is None else {A: position})


async def test_a_position_that_only_waits_for_what_was_handed_over_is_not_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    consumer = Consumer(a=4, b=7)
    fetching = thread(consumer)
    fetching.written_here = WrittenHere({"a"}, lambda _: None)
    await fetch(fetching, consumer, monkeypatch, lambda: None)
    assert fetching.positions == {B: 7}
    monkeypatch.setattr(fetching.written_here, "went_back", lambda tp, position: True)
    await fetch(fetching, consumer, monkeypatch, lambda: None)
    assert fetching.positions == {A: 4, B: 7}


async def test_a_request_is_made_of_what_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect(self: object) -> None:
        pass

    monkeypatch.setattr(AIOKafkaConsumerThread, "on_start", connect)
    consumer = Consumer(a=4, b=7)
    states = consumer._subscription.subscription.assignment
    for tp in states.tps:
        states.state_value(tp).timestamp = 1e15
    consumer._fetcher = SimpleNamespace(_records={}, _get_actions_per_node=lambda part: part.tps)
    fetching = thread(consumer)
    fetching.app = SimpleNamespace(client_only=True)
    fetching.written_here = WrittenHere({"a"}, lambda _: 9)
    await fetching.on_start()
    assert consumer._fetcher._get_actions_per_node(states) == [B]


@pytest.mark.parametrize(("client_only", "member_id"), [(False, "a"), (False, None), (True, "a")])
async def test_a_worker_that_has_an_id_joins_by_it(
    monkeypatch: pytest.MonkeyPatch, *, client_only: bool, member_id: str | None
) -> None:
    async def connect(self: object) -> None:
        pass

    made: list[tuple[object, ...]] = []
    monkeypatch.setattr(AIOKafkaConsumerThread, "on_start", connect)
    monkeypatch.setattr(fetching, "StaticMember", lambda *arguments: made.append(arguments))
    consumer = Consumer(a=4)
    consumer._fetcher = SimpleNamespace(_get_actions_per_node=None)
    consumer._coordinator = "coordinator"
    worker = thread(consumer)
    conf = SimpleNamespace(canonical_url="http://here:6066")
    worker.app = SimpleNamespace(
        client_only=client_only, member_id=member_id, conf=conf, crash_loop="lives"
    )
    await worker.on_start()
    is_static = not client_only and member_id is not None
    assert made == [("coordinator", "a", "http://here:6066", "lives")] * is_static


async def test_a_fetch_across_a_change_of_partitions_looked_at_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    consumer = Consumer(a=4)
    fetching = thread(consumer)
    await fetch(fetching, consumer, monkeypatch, lambda: consumer.assign(a=8))
    assert fetching.covered == {}
    consumer._subscription.subscription = None
    await fetch(fetching, consumer, monkeypatch, lambda: None)
    assert fetching.positions == {}


@pytest.mark.parametrize(("stable", "end"), [(None, 9), (-1, 9), (0, 0), (7, 7)])
def test_an_open_transaction_ends_what_can_be_read(stable: int | None, end: int) -> None:
    consumer = Consumer(a=0)
    consumer.end_stable_offsets_at(stable)
    assert thread(consumer).highwater(A) == end


def test_a_partition_that_was_just_taken_away_has_no_end() -> None:
    consumer = Consumer(a=0, b=0)
    fetching = thread(consumer)
    consumer.assign(b=0)
    assert fetching.highwater(A) is None
    assert fetching.highwater(B) == 9
    consumer._subscription.subscription.assignment = None
    assert fetching.highwater(B) is None
    consumer._subscription.subscription = None
    assert fetching.highwater(B) is None


async def test_of_a_topic_that_is_deleted_nothing_is_committed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    consumer = Consumer(a=1, b=1)
    commits: list[dict[TP, int]] = []

    async def commit(self: object, offsets: dict[TP, int]) -> bool:
        commits.append(offsets)
        if A in offsets:
            # As aiokafka does while the broker does not know the topic.
            consumer.topics.discard("a")
            await asyncio.Event().wait()
        return True

    monkeypatch.setattr(AIOKafkaConsumerThread, "_commit", commit)
    fetching = thread(consumer)
    assert await fetching._commit({A: 1, B: 2}) is True
    assert commits == [{A: 1, B: 2}, {B: 2}]
    assert await fetching._commit({A: 1}) is True
    assert len(commits) == 2


async def test_whether_a_commit_succeeded_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(self: object, offsets: dict[TP, int]) -> bool:
        return False

    monkeypatch.setattr(AIOKafkaConsumerThread, "_commit", refused)
    assert await thread(Consumer(a=1))._commit({A: 1}) is False


async def test_a_thread_that_an_error_has_ended_is_stopped_like_any_other() -> None:
    fetching: FetchingThread = FetchingThread.__new__(FetchingThread)
    fetching.thread_loop = asyncio.new_event_loop()
    fetching._stopped = asyncio.Event()
    fetching.thread_loop.close()
    fetching._stopped_set()
    assert fetching._stopped.is_set()
    assert await fetching.commit({A: 1}) is False


@pytest.mark.timeout(30)
@pytest.mark.parametrize("asked", [True, False])
async def test_a_commit_does_not_wait_for_a_thread_that_ends_meanwhile(
    monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    fetching: FetchingThread = FetchingThread.__new__(FetchingThread)
    fetching.thread_loop = asyncio.new_event_loop()

    async def unanswered(self: object, offsets: dict[TP, int]) -> bool:
        fetching.thread_loop.close()
        if not asked:
            raise RuntimeError("Event loop is closed")
        await asyncio.Event().wait()
        return True

    monkeypatch.setattr(AIOKafkaConsumerThread, "commit", unanswered)
    assert await fetching.commit({A: 1}) is False


async def test_the_outcome_of_a_commit_in_the_thread_is_handed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fetching: FetchingThread = FetchingThread.__new__(FetchingThread)
    fetching.thread_loop = asyncio.new_event_loop()

    async def answered(self: object, offsets: dict[TP, int]) -> bool:
        if not offsets:
            raise RuntimeError("no offsets")
        return True

    monkeypatch.setattr(AIOKafkaConsumerThread, "commit", answered)
    assert await fetching.commit({A: 1}) is True
    with pytest.raises(RuntimeError, match="no offsets"):
        await fetching.commit({})
    fetching.thread_loop.close()


@pytest.mark.parametrize(("life", "wait_ms"), [(None, 1_500), ("one", 100)])
def test_only_the_embedded_broker_is_asked_often(
    monkeypatch: pytest.MonkeyPatch, life: str | None, wait_ms: int
) -> None:
    made = SimpleNamespace(
        _fetch_max_wait_ms=1_500,
        _isolation_level="read_uncommitted",
        _fetch_max_bytes=50 << 20,
        commit=None,
    )
    monkeypatch.setattr(AIOKafkaConsumerThread, "_create_worker_consumer", lambda *_: made)
    monkeypatch.setattr(fetching, "broker_life", lambda _: life)
    own = thread(Consumer())
    own.consumer = SimpleNamespace(app=SimpleNamespace(settings=None))
    own.app = own.consumer.app
    assert own._create_worker_consumer(None)._fetch_max_wait_ms == wait_ms
    assert made._isolation_level == "read_committed"
    assert made._fetch_max_bytes == 4 << 20


class _Waiting:
    """A service whose thread waits for a broker that does not come back."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def _start_thread(self) -> None:
        self.over.wait()


def test_a_thread_that_waits_for_its_broker_holds_neither_stop_nor_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fetching, "_STOP_MAX_S", 0.05)
    service = _Waiting()
    thread = fetching.DaemonThread(service)
    thread.start()
    thread.stop()
    assert thread.is_alive()
    assert thread.daemon
    service.over.set()
    thread.stop()
    thread.join(10)
    assert not thread.is_alive()


def test_when_the_broker_answered_for_a_partition_last() -> None:
    consumer = Consumer(a=3)
    state = consumer._subscription.subscription.assignment.state_value(TopicPartition("a", 0))
    state.timestamp = None
    assert thread(consumer).answered_at(A) is None
    state.timestamp = 1_500
    assert thread(consumer).answered_at(A) == 1.5
    assert thread(consumer).answered_at(B) is None


class Fetcher:
    """aiokafka's, as far as a request says how long the broker may gather."""

    _fetch_min_bytes, _fetch_max_wait_ms = 1, 1_500

    @property
    def gathers(self) -> bool:
        return (self._fetch_min_bytes, self._fetch_max_wait_ms) == (16_384, 10)

    @property
    def gathers_many(self) -> bool:
        return (self._fetch_min_bytes, self._fetch_max_wait_ms) == (16_384, 25)

    @property
    def is_prompt(self) -> bool:
        return (self._fetch_min_bytes, self._fetch_max_wait_ms) == (1, 1_500)


class Gathering:
    """A thread that fetches at the times a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, patience_ms: int | None = 1_500) -> None:
        self.now_s, self.fetcher = 0.0, Fetcher()
        monkeypatch.setattr(fetching, "monotonic", lambda: self.now_s)
        self.thread: FetchingThread = FetchingThread.__new__(FetchingThread)
        self.thread._patience_ms = patience_ms

    def fetch(self, at_s: float, *sizes: int) -> Fetcher:
        self.now_s = at_s
        records = {A: [SimpleNamespace(value=bytes(size)) for size in sizes]} if sizes else {}
        self.thread._gather(SimpleNamespace(_fetcher=self.fetcher), records)
        return self.fetcher


def test_messages_that_come_singly_in_quick_succession_are_gathered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gathering = Gathering(monkeypatch)
    assert gathering.fetch(0.0, 190).is_prompt
    assert gathering.fetch(0.019, 190).gathers
    assert gathering.fetch(0.038, 190, 190).gathers


def test_after_a_pause_or_a_second_of_sound_or_nothing_the_broker_answers_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gathering = Gathering(monkeypatch)
    gathering.fetch(0.0, 190)
    assert gathering.fetch(0.01, 190).gathers
    assert gathering.fetch(0.041, 190).is_prompt
    assert gathering.fetch(0.05, 190, 64_000).is_prompt
    assert gathering.fetch(0.06, 190).gathers
    assert gathering.fetch(0.55).is_prompt


def test_the_messages_of_a_flood_are_gathered_for_longer_until_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gathering = Gathering(monkeypatch)
    gathering.fetch(0.0, *[190] * 8)
    assert gathering.fetch(0.01, *[190] * 7).gathers
    assert gathering.fetch(0.02, *[190] * 8).gathers_many
    assert gathering.fetch(0.064, *[190] * 20).gathers_many
    assert gathering.fetch(0.1, *[190] * 7).gathers
    assert gathering.fetch(0.11, *[190] * 20).gathers_many
    # Sound of another device ends the wait, and the next fetch has none.
    assert gathering.fetch(0.12, *[190] * 8, 64_000).is_prompt
    assert gathering.fetch(0.13, *[190] * 8).gathers_many
    assert gathering.fetch(0.176, *[190] * 20).is_prompt


def test_the_embedded_broker_gathers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    gathering = Gathering(monkeypatch, None)
    gathering.fetch(0.0, 190)
    assert gathering.fetch(0.001, 190).is_prompt


class _Group:
    """The coordinator of a consumer's group, and the commits in it."""

    def __init__(self, **commits: OffsetAndMetadata) -> None:
        self.commits = {TopicPartition(name, 0): commit for name, commit in commits.items()}
        self.left = 0

    async def fetch_committed_offsets(
        self, partitions: list[TopicPartition]
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        return {tp: self.commits[tp] for tp in partitions if tp in self.commits}

    def maybe_leave_group(self) -> asyncio.Task[None]:
        async def leave() -> None:
            self.left += 1

        return asyncio.ensure_future(leave())


def _member(group: _Group, monkeypatch: pytest.MonkeyPatch) -> FetchingThread:
    async def call_thread(_: object, call: Any, *arguments: Any) -> Any:
        return await call(*arguments)

    monkeypatch.setattr(FetchingThread, "call_thread", call_thread)
    member = thread(Consumer())
    member._consumer._coordinator = group
    return member


async def test_only_commits_whose_offsets_were_stored_say_anything_of_the_store(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Those of earlier releases have no metadata.
    group = _Group(a=OffsetAndMetadata(7, "stored"), b=OffsetAndMetadata(9, ""))
    commits = await _member(group, monkeypatch).stored_commits([A, B, TP("c", 0)])
    assert commits == {A: 7}


async def test_to_read_again_a_worker_leaves_its_group(monkeypatch: pytest.MonkeyPatch) -> None:
    group = _Group()
    await _member(group, monkeypatch).rejoin()
    assert group.left == 1


@pytest.mark.parametrize(("stored", "metadata"), [(object(), "stored"), (None, "")])
async def test_a_commit_says_whether_its_offsets_were_stored_first(
    monkeypatch: pytest.MonkeyPatch, stored: object, metadata: str
) -> None:
    committed: dict[TopicPartition, OffsetAndMetadata] = {}

    async def commit(offsets: dict[TopicPartition, OffsetAndMetadata]) -> None:
        committed.update(offsets)

    made = SimpleNamespace(_fetch_max_wait_ms=1, commit=commit)
    monkeypatch.setattr(AIOKafkaConsumerThread, "_create_worker_consumer", lambda *_: made)
    monkeypatch.setattr(fetching, "broker_life", lambda _: None)
    own = thread(Consumer())
    own.app = SimpleNamespace(settings=None, stored_offsets=stored)
    own.consumer = SimpleNamespace(app=own.app)
    tp = TopicPartition("a", 0)
    await own._create_worker_consumer(None).commit({tp: OffsetAndMetadata(7, "")})
    assert committed == {tp: OffsetAndMetadata(7, metadata)}
