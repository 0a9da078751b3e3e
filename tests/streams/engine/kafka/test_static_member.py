from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.errors import KafkaError, NodeNotReadyError, UnknownMemberIdError
from aiokafka.protocol.group import JoinGroupRequest, LeaveGroupRequest

from streams.engine.crash_loop import CrashLoop
from streams.engine.kafka.static_member import StaticMember

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

HERE = "http://here:6066"
SESSION_S = 6.0
"""The least that Kafka permits unless told otherwise."""


class Member(AIOKafkaConsumer):  # type: ignore[misc]
    """A static member of a group whose partitions are those of one topic."""

    async def partitions(self, count: int, within_s: float) -> float:
        """Wait until it has this many partitions; return how long that took, s."""
        began = monotonic()
        await until(lambda: len(self.assignment()) == count, within_s)
        return monotonic() - began

    @property
    def generation(self) -> int:
        return int(self._coordinator.generation)

    @property
    def name(self) -> str | None:
        """Its name as a static member; None for a dynamic one."""
        instance_id: str | None = self._coordinator._group_instance_id
        return None if instance_id is None else instance_id.split("-")[0]

    async def freeze(self) -> None:
        """Let the broker hear nothing more, as of a process that is killed or frozen."""
        for task in (self._coordinator._coordination_task, self._coordinator._heartbeat_task):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._coordinator._heartbeat_task = None


class Group:
    """A topic of two partitions, and a group that reads it."""

    def __init__(self, kafka_url: str) -> None:
        self.bootstrap = kafka_url.removeprefix("kafka://")
        self.topic = self.name = f"static-{uuid4().hex[:8]}"
        self._stack = AsyncExitStack()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Group]:
        self._admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await self._admin.start()
        await self._admin.create_topics([NewTopic(self.topic, 2, 1)])
        async with self._stack:
            yield self
        await self._admin.delete_topics([self.topic])
        await self._admin.close()

    async def grow(self, partitions: int) -> None:
        await self._admin.create_partitions({self.topic: NewPartitions(partitions)})

    async def member(self, name: str, crash_loop: CrashLoop | None = None) -> Member:
        member = Member(
            bootstrap_servers=self.bootstrap,
            group_id=self.name,
            session_timeout_ms=int(SESSION_S * 1000),
            rebalance_timeout_ms=int(SESSION_S * 1000),
            heartbeat_interval_ms=200,
            enable_auto_commit=False,
            metadata_max_age_ms=500,
        )
        await member.start()
        StaticMember(member._coordinator, name, HERE, crash_loop)
        member.subscribe([self.topic])
        self._stack.push_async_callback(member.stop)
        return member


async def until(true: Callable[[], bool], within_s: float) -> None:
    async with asyncio.timeout(within_s):
        while not true():
            await asyncio.sleep(0.02)


@pytest.fixture
async def group(kafka_url: str) -> AsyncIterator[Group]:
    async with Group(kafka_url).open() as group:
        yield group


async def pair(group: Group) -> tuple[Member, Member]:
    first, second = await group.member("a"), await group.member("b")
    await first.partitions(1, 30.0)
    await second.partitions(1, 30.0)
    return first, second


@pytest.mark.services
@pytest.mark.parametrize("killed", [0, 1])
async def test_who_comes_after_a_killed_member_has_its_partitions_and_no_other_notices(
    group: Group, killed: int
) -> None:
    members = await pair(group)
    (other,) = (each for each in members if each is not members[killed])
    before, generation = members[killed].assignment(), other.generation
    await members[killed].freeze()
    successor = await group.member("ab"[killed])
    assert await successor.partitions(1, SESSION_S) < SESSION_S / 2
    assert successor.assignment() == before
    await asyncio.sleep(1.0)
    assert (successor.generation, other.generation) == (generation, generation)


@pytest.mark.services
async def test_of_a_member_that_stops_the_others_have_the_partitions_at_once(group: Group) -> None:
    first, second = await pair(group)
    await second.stop()
    assert await first.partitions(2, SESSION_S) < SESSION_S / 2


@pytest.mark.services
async def test_a_killed_member_that_stays_away_is_replaced_after_its_session(group: Group) -> None:
    first, second = await pair(group)
    await second.freeze()
    await first.partitions(2, 3 * SESSION_S)


@pytest.mark.services
async def test_a_member_whose_place_was_taken_goes_on_as_another(
    group: Group, caplog: pytest.LogCaptureFixture
) -> None:
    zombie = await group.member("a")
    await zombie.partitions(2, 30.0)
    successor = await group.member("a")
    await successor.partitions(1, 30.0)
    await zombie.partitions(1, 30.0)
    assert (zombie.name, successor.name) == (None, "a")
    assert zombie.assignment().isdisjoint(successor.assignment())
    (line,) = (
        record.getMessage() for record in caplog.records if record.name.startswith("streams.")
    )
    place = successor._coordinator._group_instance_id
    assert line == (
        f"another worker, with this run folder or a copy of it, has the place {place} in the "
        "group: joining as a new member"
    )


@pytest.mark.services
async def test_a_member_that_was_frozen_beyond_its_session_has_its_place_again(
    group: Group,
) -> None:
    frozen, other = await pair(group)

    def hears_nothing(*_: Any) -> Any:
        return asyncio.sleep(0.1, result=False)

    beat, frozen._coordinator._do_heartbeat = frozen._coordinator._do_heartbeat, hears_nothing
    await other.partitions(2, 3 * SESSION_S)
    frozen._coordinator._do_heartbeat = beat
    await other.partitions(1, 2 * SESSION_S)
    await frozen.partitions(1, 2 * SESSION_S)
    assert frozen.name == "a"


@pytest.mark.services
async def test_a_leader_that_was_killed_still_watches_for_partitions(
    group: Group,
) -> None:
    first, second = await pair(group)
    leader = first if first._coordinator._group_subscription else second
    other = second if leader is first else first
    assert leader.name is not None
    await leader.freeze()
    successor = await group.member(leader.name)
    await successor.partitions(1, SESSION_S)
    await group.grow(4)
    await successor.partitions(2, SESSION_S)
    await other.partitions(2, SESSION_S)


TOPICS = SimpleNamespace(topics={"frames"})


class Coordinator:
    """aiokafka's coordinator as far as it is completed, of a broker that answers by `codes`."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)
        self.asked: list[tuple[str, bool]] = []
        self.group_id, self.generation, self.member_id = "group", -1, ""
        self._group_instance_id: str | None = None
        self._group_subscription = self._metadata_snapshot = None
        self._maybe_leave_group: Any = None
        self._session_timeout_ms = int(SESSION_S * 1000)
        self._closing: asyncio.Future[None] = asyncio.get_event_loop().create_future()

    async def _send_req(self, request: Any) -> Any:
        if isinstance(request, LeaveGroupRequest):
            raise NodeNotReadyError("away")
        self.asked.append((request._member_id, request._group_instance_id is not None))
        return SimpleNamespace(error_code=self.codes.pop(0), leader_id="leader", member_id="new")

    def reset_generation(self) -> None:
        self.generation, self.member_id = -1, ""

    async def _do_rejoin_group(self, _: Any) -> bool:
        request = JoinGroupRequest(
            self.group_id, 1, 1, self.member_id, self._group_instance_id, "consumer", []
        )
        try:
            response = await self._send_req(request)
        except KafkaError:
            return False
        if response.error_code == UnknownMemberIdError.errno:
            self.reset_generation()
            return False
        self.generation, self.member_id = 1, response.member_id
        return True


@pytest.mark.parametrize("code", [35, 42])
async def test_where_a_broker_knows_no_static_members_a_dynamic_one_joins(code: int) -> None:
    coordinator = Coordinator(code, 0)
    member = StaticMember(coordinator, "a", HERE)
    assert not await member.join(TOPICS)
    assert await member.join(TOPICS)
    assert coordinator.asked == [("", True), ("", False)]


async def test_each_member_that_was_lost_is_asked_for_once() -> None:
    unknown = UnknownMemberIdError.errno
    coordinator = Coordinator(0, unknown, 0, unknown, 0)
    member = StaticMember(coordinator, "a", HERE)
    assert await member.join(TOPICS)
    for _ in range(2):
        # As often as the commit had partitions.
        coordinator.reset_generation()
        coordinator.reset_generation()
        assert not await member.join(TOPICS)
        assert await member.join(TOPICS)
    assert [member_id for member_id, _ in coordinator.asked] == ["", "new", "", "new", ""]
    assert all(is_static for _, is_static in coordinator.asked)


async def test_a_broker_that_is_away_keeps_no_member_from_stopping(
    caplog: pytest.LogCaptureFixture,
) -> None:
    coordinator = Coordinator(0)
    member = StaticMember(coordinator, "a", HERE)
    assert await member.join(TOPICS)
    await coordinator._maybe_leave_group()
    assert (coordinator.generation, coordinator.member_id) == (-1, "")
    assert "the broker was not told that this member leaves" in caplog.text


async def test_who_starts_with_another_address_or_other_topics_is_another_member() -> None:
    ids = set()
    for url, topics in ((HERE, "ab"), ("http://there:6066", "ab"), (HERE, "abc"), (HERE, "ba")):
        coordinator = Coordinator(0)
        await StaticMember(coordinator, "a", url).join(SimpleNamespace(topics=list(topics)))
        ids.add(coordinator._group_instance_id)
    assert len(ids) == 3


class Lives(CrashLoop):
    """The lives of a worker that has to stay out for a while."""

    def __init__(self, out_s: float) -> None:
        super().__init__(Path("joined"))
        self.out_s = out_s
        self.joins = 0

    def backoff_s(self, session_s: float) -> float:
        assert session_s == SESSION_S
        return self.out_s

    def note_join(self) -> None:
        self.joins += 1


async def test_who_ended_soon_too_often_joins_later_and_only_the_first_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    coordinator, lives = Coordinator(0, 0), Lives(0.2)
    member = StaticMember(coordinator, "a", HERE, lives)
    began = monotonic()
    assert await member.join(TOPICS)
    assert monotonic() - began >= 0.2
    assert await member.join(TOPICS)
    assert lives.joins == 1
    assert caplog.messages == [
        "this worker ended soon after each of its last starts: it stays out of the group for 0.2 "
        "s, and others have its partitions"
    ]


async def test_who_stays_out_stops_at_once_and_does_not_join() -> None:
    coordinator, lives = Coordinator(), Lives(60.0)
    member = StaticMember(coordinator, "a", HERE, lives)
    joining = asyncio.ensure_future(member.join(TOPICS))
    await asyncio.sleep(0)
    assert lives.problem() is not None
    coordinator._closing.set_result(None)
    assert await asyncio.wait_for(joining, 5.0) is False
    assert lives.problem() is None
    assert (coordinator.asked, lives.joins) == ([], 0)


@pytest.mark.services
async def test_others_have_the_partitions_of_one_that_ends_again_and_again(
    group: Group, tmp_path: Path
) -> None:
    first, second = await pair(group)
    for _ in range(4):
        await second.freeze()
        second = await group.member("b", CrashLoop(tmp_path / "joined"))
        await asyncio.sleep(1.0)
    # The fourth stays out.
    await first.partitions(2, 3 * SESSION_S)
    await second.partitions(1, 3 * SESSION_S)
    await first.partitions(1, SESSION_S)
