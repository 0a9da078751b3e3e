from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment

from infra import topics
from infra.broker import fleet
from infra.broker.fleet import STABLE, Lag, Member
from infra.broker.topic_reader import publish
from infra.settings import env_name
from streams.commands import status
from streams.commands.status import REACHABLE, Status, look, show, unassigned
from tests.broker_settings import with_topics
from tests.warm_process import run_command

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from infra.settings import Settings

READ = {"audio.frames": 2, "activity": 2}


def worker(number: int, *partitions: int) -> Member:
    return Member(f"node-{number}:6066", f"10.0.0.{number}", dict.fromkeys(READ, partitions))


@pytest.mark.parametrize(
    ("group", "members", "said"),
    [
        (STABLE, [worker(1, 0), worker(2, 1)], []),
        ("Empty", [], ["no worker runs"]),
        ("PreparingRebalance", [worker(1)], ["the group rebalances (PreparingRebalance)"]),
        (STABLE, [worker(1, 0), Member("new", "10.0.0.2", None)], []),
        (STABLE, [worker(1, 0)], ["no worker has activity 1, audio.frames 1"]),
    ],
)
def test_each_partition_needs_a_worker(group: str, members: list[Member], said: list[str]) -> None:
    assert [line[:46] for line in unassigned(group, members, READ)] == [each[:46] for each in said]


def described(member_id: str, topics_of: dict[str, list[int]]) -> Member:
    assignment = ConsumerProtocolMemberAssignment(0, [*topics_of.items()], b"").encode()
    return fleet._member(member_id, "client", "/10.0.0.1", b"", assignment)


def test_a_worker_is_named_by_its_host_and_port_and_one_without_a_place_by_its_id() -> None:
    uuid = "0b5c53ae-7be9-4c26-9e43-3e6bd5b3bd1d"
    place = f"node-1-member-6066-0123456789abcdef-01234567-{uuid}"
    assert described(place, {"a": [3, 1]}) == Member("node-1:6066", "10.0.0.1", {"a": [1, 3]})
    assert described(f"faust-{uuid}", {}).name == f"faust-{uuid}"
    joining = fleet._member(f"faust-{uuid}", "client", "/10.0.0.1", b"", b"")
    assert joining.partitions is None


def test_the_tables(capsys: pytest.CaptureFixture[str]) -> None:
    apart = Member("faust-1", "10.0.0.3", {"audio.frames": [3], "activity": []})
    untold = Member("faust-2", "", None)
    members = [worker(1, 0, 2), Member("new", "10.0.0.2", {}), apart, untold]
    show(Status(STABLE, members, {"audio.frames": Lag(31, 29.6)}, REACHABLE, []))
    assert capsys.readouterr().out.splitlines() == [
        "worker       from     partitions",
        "node-1:6066  10.0.0.1 0, 2",
        "new          10.0.0.2 none",
        "faust-1      10.0.0.3 activity: none; audio.frames: 3",
        "faust-2               not told by this broker",
        "",
        "topic         lag, messages the oldest waits",
        "audio.frames  31            30 s",
        "",
        "store: reachable",
    ]


async def with_group(broker_url: str, redis_url: str) -> Settings:
    made = await with_topics(broker_url, 2)
    update = {"app_id": made.topic_prefix.strip("."), "redis_url": redis_url}
    return made.model_copy(update=update)


@pytest.fixture
async def settings(broker_url: str, redis_url: str) -> Settings:
    return await with_group(broker_url, redis_url)


@asynccontextmanager
async def one_that_reads(settings: Settings) -> AsyncIterator[AIOKafkaConsumer]:
    """Give a consumer of all that workers read, which has its partitions."""
    consumer = AIOKafkaConsumer(
        *map(settings.topic, topics.READ_BY_WORKERS),
        bootstrap_servers=settings.bootstrap_servers,
        group_id=settings.app_id,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        await consumer.getmany(timeout_ms=5_000)
        yield consumer
    finally:
        await consumer.stop()


async def test_a_group_that_reads_everything_lacks_nothing(settings: Settings) -> None:
    imu = settings.topic(topics.IMU_FRAMES)
    await publish(settings, topics.IMU_FRAMES, "d", b"unread")
    async with one_that_reads(settings) as consumer:
        found = await look(settings, 60.0)
        assert (found.group, found.store, found.lacks) == (STABLE, REACHABLE, [])
        # The embedded broker does not say more.
        assert [each.partitions for each in found.members] == [None]
        [name] = [name for name, each in found.lags.items() if each.messages]
        assert name == imu
        assert found.lags[imu].messages == 1
        assert 0.0 <= found.lags[imu].waits_s < 60.0
        [line] = (await look(settings, 0.0)).lacks
        assert line.startswith(f"topic {imu} is behind by ")
        await consumer.commit()
        assert not any(each.messages for each in (await look(settings, 60.0)).lags.values())


@pytest.mark.services
async def test_kafka_tells_who_has_which_partitions(kafka_url: str, redis_url: str) -> None:
    settings = await with_group(kafka_url, redis_url)
    names = map(settings.topic, topics.READ_BY_WORKERS)
    assert (await look(settings, 60.0)).lacks == ["no worker runs"]
    async with one_that_reads(settings):
        found = await look(settings, 60.0)
    [member] = found.members
    assert member.address == "127.0.0.1"
    assert member.partitions == {name: [0, 1] for name in names}
    assert not found.lacks


async def test_a_store_that_does_not_answer_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})

    async def nobody(_: Any) -> tuple[str, list[Member]]:
        return "Empty", []

    monkeypatch.setattr(status.fleet, "members", nobody)
    found = await look(away, 60.0)
    assert found.lacks == ["no worker runs", found.store]
    assert found.store.startswith("redis at redis://127.0.0.1:1/0 ")


async def test_the_command_prints_json_and_says_by_its_status_that_no_worker_runs(
    settings: Settings, tmp_path: Path
) -> None:
    environment = {
        env_name(name): str(getattr(settings, name))
        for name in ("broker_url", "redis_url", "app_id", "topic_prefix", "topic_partitions")
    } | {env_name("run_dir"): str(tmp_path)}
    code, out, err = run_command(("status", "--json"), environment, 120.0)
    assert (code, err) == (1, "error: no worker runs\n")
    assert json.loads(out)["lacks"] == ["no worker runs"]
