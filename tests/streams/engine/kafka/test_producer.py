from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING

from faust.transport.drivers.aiokafka import Producer as FaustProducer

from streams.engine.kafka.producer import Producer

if TYPE_CHECKING:
    import pytest


class Sent:
    """aiokafka's producer as far as ours closes it."""

    def __init__(self) -> None:
        self.closed: list[str] = []
        self._sender = SimpleNamespace(close=lambda: self._close("sender"))
        self.client = SimpleNamespace(close=lambda: self._close("client"))

    async def _close(self, what: str) -> None:
        self.closed.append(what)


def producer(sent: Sent) -> Producer:
    made: Producer = Producer.__new__(Producer)
    made._producer = sent
    made.flush_max_s = made.stop_max_s = 0.02
    return made


async def never(self: object) -> None:
    await asyncio.Event().wait()


async def at_once(self: object) -> None:
    return None


async def test_what_can_never_be_published_holds_up_neither_commit_nor_stop(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(FaustProducer, "flush", never)
    monkeypatch.setattr(FaustProducer, "on_stop", never)
    sent = Sent()
    made = producer(sent)
    await made.flush()
    assert sent.closed == []
    await made.on_stop()
    assert sent.closed == ["sender", "client"]
    assert caplog.messages == ["what could not be published is made again at the next start"]


async def test_a_producer_that_has_sent_everything_is_closed_by_faust_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(FaustProducer, "flush", at_once)
    monkeypatch.setattr(FaustProducer, "on_stop", at_once)
    sent = Sent()
    made = producer(sent)
    await made.flush()
    await made.on_stop()
    assert sent.closed == []
    assert not caplog.records
