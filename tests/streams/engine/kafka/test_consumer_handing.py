"""Handing messages over at once where there is room, and waiting where there is none."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka.errors import TopicAuthorizationFailedError
from faust.transport.drivers.aiokafka import Consumer as FaustConsumer

from infra.settings import load
from streams.engine.kafka.consumer import Consumer
from tests.streams.engine.kafka.one_partition import Broker, Record, T

if TYPE_CHECKING:
    from faust.types import TP

    from infra.errors import InfraError


class Handing:
    """What hands a message over to an agent, once there is room for it."""

    def __init__(self, *, room: bool) -> None:
        self.room = asyncio.Event()
        self.tasks: set[Any] = set()
        self.suspended = asyncio.Event()
        if room:
            self.room.set()

    async def over(self) -> str:
        self.tasks.add(asyncio.current_task())
        await self.room.wait()
        self.tasks.add(asyncio.current_task())
        return "there"

    def begin(self) -> asyncio.Task[Any]:
        consumer = Consumer.__new__(Consumer)
        consumer._stopped = consumer._crashed = asyncio.Event()
        consumer.loop = asyncio.get_running_loop()
        return asyncio.create_task(consumer.wait_first(self.over(), self.suspended.wait()))


async def test_a_message_that_there_is_room_for_is_handed_over_at_once() -> None:
    handing = Handing(room=True)
    waiting = handing.begin()
    assert (await waiting).results == ["there"]
    assert handing.tasks == {waiting}


async def test_a_message_that_has_to_wait_is_handed_over_once_there_is_room() -> None:
    handing = Handing(room=False)
    waiting = handing.begin()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not waiting.done()
    handing.room.set()
    assert (await waiting).results == ["there"]


async def test_a_suspended_flow_ends_the_wait_for_room() -> None:
    handing = Handing(room=False)
    waiting = handing.begin()
    await asyncio.sleep(0)
    handing.suspended.set()
    assert (await waiting).results == [True]


async def test_a_consumer_that_has_stopped_says_so_whatever_was_handed_over() -> None:
    consumer = Consumer.__new__(Consumer)
    consumer._stopped, consumer._crashed = asyncio.Event(), asyncio.Event()
    consumer._stopped.set()
    assert (await consumer.wait_first(Handing(room=True).over())).stopped


async def test_what_fails_at_handing_over_is_raised() -> None:
    async def fail() -> None:
        raise ConnectionError("gone")

    consumer = Consumer.__new__(Consumer)
    with pytest.raises(ConnectionError, match="gone"):
        await consumer.wait_first(fail())


@pytest.mark.parametrize(("active", "at_most_s"), [({T}, 0.5), (set(), 0.05)])
async def test_a_fetch_waits_long_only_while_no_agent_is_full(
    monkeypatch: pytest.MonkeyPatch, active: set[TP], at_most_s: float
) -> None:
    waits: list[float] = []

    async def fetch(_: object, active: object, timeout: float) -> dict[TP, list[Record]]:
        waits.append(timeout)
        return {}

    broker = Broker(monkeypatch)
    consumer = broker.consumer
    consumer._era, consumer._next = 0, {T: 3}
    consumer._thread = SimpleNamespace(covered={}, positions={})  # type: ignore[assignment]
    monkeypatch.setattr(FaustConsumer, "_getmany", fetch)
    await consumer._getmany(active, 1.0)
    assert waits == [at_most_s]


async def test_a_denied_fetch_ends_the_worker_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fetch(*_: object) -> None:
        raise TopicAuthorizationFailedError("audio.frames")

    ends: list[InfraError] = []
    settings = load(env_file=None, broker_url="kafka://broker:9092")
    broker = Broker(monkeypatch)
    broker.consumer._era, broker.consumer._next = 0, {}
    broker.consumer.app = SimpleNamespace(settings=settings, end=ends.append)
    monkeypatch.setattr(FaustConsumer, "_getmany", fetch)
    with pytest.raises(asyncio.CancelledError):
        await broker.consumer._getmany(None, 1.0)
    assert [str(error) for error in ends] == [
        "broker at kafka://broker:9092 denies User:ANONYMOUS Read on topic audio.frames: "
        "`faust -A streams.app topics --acls` prints the rules that each role needs"
    ]
