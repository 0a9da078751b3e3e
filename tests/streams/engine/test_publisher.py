from __future__ import annotations

import asyncio
from typing import Any

import pytest

from schemas import ScenarioEstimate
from schemas.errors import TooLargeError
from streams.engine.publisher import Publisher
from tests.streams.engine.messages import estimate


class Producer:
    """Faust's, which keeps what was sent, and how often it was started."""

    def __init__(self) -> None:
        self.sent: list[tuple[Any, ...]] = []
        self.starts = 0
        self.confirmation: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def start(self) -> Any:
        self.starts += 1
        return self

    async def send(
        self, topic: str, key: bytes, value: bytes, partition: int | None, **options: Any
    ) -> asyncio.Future[str]:
        assert options.pop("timestamp") is None
        self.headers = options
        self.sent.append((topic, key, value, partition))
        return self.confirmation


def unsigned(topic: str, device_id: str, value: bytes) -> list[tuple[str, bytes]]:
    return []


async def test_a_message_is_keyed_by_its_device_and_confirmed_later() -> None:
    producer, message = Producer(), estimate()
    publisher = Publisher("lab.{}".format, producer.start, unsigned)
    for partition in (3, None):
        delivery = await publisher.publish("scenario", partition, message)
        assert delivery is producer.confirmation
    assert producer.starts == 1
    assert producer.headers == {"headers": None}
    assert producer.sent == [("lab.scenario", b"d", message.encode(), p) for p in (3, None)]


async def test_what_is_too_large_for_its_topic_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    producer = Producer()
    monkeypatch.setattr(ScenarioEstimate, "MAX_BYTES", 10)
    with pytest.raises(TooLargeError):
        await Publisher(str, producer.start, unsigned).publish("scenario", 0, estimate())
    assert not producer.sent


async def test_a_message_has_the_headers_of_its_topic_device_and_bytes() -> None:
    producer, message = Producer(), estimate()

    def signed(topic: str, device_id: str, value: bytes) -> list[tuple[str, bytes]]:
        return [(topic, device_id.encode() + value)]

    await Publisher("lab.{}".format, producer.start, signed).publish("scenario", 0, message)
    assert producer.headers == {"headers": [("lab.scenario", b"d" + message.encode())]}
