from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from infra import topics
from infra.broker import broker_topics
from infra.errors import BrokerError, TopicsError
from infra.local.probe import free_port
from infra.settings import load
from streams.engine.topic_watch import TopicWatch
from tests.broker_settings import with_topics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

CREATE = "create {} with `faust -A streams.app topics --create`"


def watch() -> TopicWatch:
    return TopicWatch(load(env_file=None, topic_partitions=2))


def test_a_missing_topic_is_named_once_until_it_is_back(caplog: pytest.LogCaptureFixture) -> None:
    watched = watch()
    watched.look_at({"activity": 2, "spatial": 2})
    assert watched.problem is None
    for _ in range(3):
        watched.look_at({"activity": None, "spatial": 2})
        assert watched.problem == f"topic activity is missing: {CREATE.format('it')}"
    for _ in range(2):
        watched.look_at({"activity": None, "spatial": None})
        assert watched.problem == f"topics activity, spatial are missing: {CREATE.format('them')}"
    watched.look_at({"activity": 2, "spatial": 2})
    assert watched.problem is None
    waits = "; until then what is to be published there waits"
    assert caplog.messages == [
        f"topic activity is missing: {CREATE.format('it')}{waits}",
        f"topics activity, spatial are missing: {CREATE.format('them')}{waits}",
        "topics activity, spatial are there again",
    ]


def test_a_hidden_topic_is_waited_for_as_a_missing_one(caplog: pytest.LogCaptureFixture) -> None:
    watched = watch()
    for _ in range(2):
        watched.look_at({"activity": broker_topics.HIDDEN, "spatial": None, "scenario": 2})
    assert watched.problem == (
        f"topic spatial is missing: {CREATE.format('it')}; topic activity is hidden from "
        "User:ANONYMOUS: `faust -A streams.app topics --acls` prints the rules that each role needs"
    )
    watched.look_at({"activity": 2, "spatial": 2, "scenario": 2})
    assert watched.problem is None
    assert caplog.messages[-1] == "topics activity, spatial are there again"


def test_other_partitions_twice_in_a_row_are_an_error() -> None:
    watched = watch()
    watched.look_at({"activity": 1, "spatial": None})
    watched.look_at({"activity": 2, "spatial": 3})
    watched.look_at({"activity": 1, "spatial": None})
    with pytest.raises(TopicsError, match=r"^topic activity has 3 partitions, but .* is 2: set it"):
        watched.look_at({"activity": 3, "spatial": None})


async def test_it_looks_again_and_again_and_outlasts_a_broker_that_is_away(
    broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = await with_topics(broker_url, 2)
    watched = TopicWatch(settings)
    away = settings.model_copy(update={"broker_url": f"kafka://127.0.0.1:{free_port()}"})
    watched._settings = away
    looking = asyncio.ensure_future(watched.run(interval_s=0.01))
    async with asyncio.timeout(60):
        while watched.broker_problem is None:
            await asyncio.sleep(0.01)
    assert watched.broker_problem.startswith(f"broker at {away.broker_url} ")
    assert not looking.done()
    watched._settings = settings
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    await admin.start()
    await admin.delete_topics([settings.topic(topics.SPATIAL)])
    await admin.close()
    async with asyncio.timeout(60):
        while watched.problem is None:
            await asyncio.sleep(0.01)
        while watched.broker_problem is not None:
            await asyncio.sleep(0.01)
    assert settings.topic(topics.SPATIAL) in watched.problem
    looking.cancel()


async def test_it_asks_over_one_connection(
    broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = TopicWatch(await with_topics(broker_url, 2))
    looks: list[object] = []
    starts: list[object] = []
    start = AIOKafkaAdminClient.start

    async def counted(self: AIOKafkaAdminClient) -> None:
        starts.append(self)
        await start(self)

    monkeypatch.setattr(AIOKafkaAdminClient, "start", counted)
    monkeypatch.setattr(watched, "look_at", looks.append)
    looking = asyncio.ensure_future(watched.run(interval_s=0.01))
    async with asyncio.timeout(60):
        while len(looks) < 3:
            await asyncio.sleep(0.01)
    looking.cancel()
    assert len(starts) == 1


async def test_one_broker_that_is_gone_is_no_cluster_that_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watched, problems = watch(), []
    # What each of the brokers that are asked does, one after the other.
    answers = iter([False, True, False, False, True, False, False, False, True])

    @asynccontextmanager
    async def descriptions(_: object) -> AsyncIterator[Callable[[], Awaitable[dict[str, int]]]]:
        async def one() -> dict[str, int]:
            problems.append(watched.broker_problem)
            if not next(answers):
                raise BrokerError("node 2 is gone")
            return {}

        yield one

    monkeypatch.setattr(broker_topics, "descriptions", descriptions)
    # The generator of answers ends.
    with pytest.raises(RuntimeError):
        await watched.run(interval_s=0.0)
    assert problems == [*[None] * 8, "node 2 is gone", None]
