from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from schemas import ScenarioEstimate
from schemas.errors import TooLargeError
from streams.engine import publisher as publisher_module
from streams.engine.publisher import Publisher
from tests.streams.engine.messages import estimate


class Producer:
    """Faust's, which keeps what was sent, and how often it was started."""

    def __init__(self) -> None:
        self.sent: list[tuple[Any, ...]] = []
        self.starts = 0
        self.confirmation: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def start(self) -> Any:
        self.starts += 1
        return self

    async def send(
        self, topic: str, key: bytes, value: bytes, partition: int | None, **options: Any
    ) -> asyncio.Future[Any]:
        self.sent_s = options.pop("timestamp")
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


async def test_a_message_names_the_erasure_that_it_comes_after() -> None:
    producer, message = Producer(), estimate()
    publisher = Publisher(str, producer.start, lambda *_: [("signature", b"s")])
    await publisher.publish("scenario", 0, message, 1_000)
    assert producer.headers == {"headers": [("signature", b"s"), ("egolog-after-erasure", b"1000")]}


@pytest.mark.parametrize(("stamped_by_broker", "stamp_s"), [(False, 2.345), (True, 1.5)])
async def test_what_is_read_back_is_handed_over_once_the_broker_has_it(
    monkeypatch: pytest.MonkeyPatch, stamped_by_broker: bool, stamp_s: float
) -> None:
    monkeypatch.setattr(publisher_module, "time", lambda: 2.3456)
    producer, message = Producer(), estimate()
    written: list[Any] = []
    publisher = Publisher("lab.{}".format, producer.start, unsigned, {"scenario"}, written.append)
    await publisher.publish("scenario", 3, message)
    await publisher.publish("spatial", 3, message)
    producer.confirmation.set_result(
        SimpleNamespace(
            # When the first of its batch was sent.
            topic="lab.scenario",
            partition=3,
            offset=7,
            timestamp=1_500,
            timestamp_type=int(stamped_by_broker),
        )
    )
    await asyncio.sleep(0)
    (header,) = written
    assert producer.sent_s == 2.3456
    assert (header.tp, header.offset, header.timestamp) == (("lab.scenario", 3), 7, stamp_s)
    assert (header.key, header.value, list(header.headers)) == (b"d", message.encode(), [])


async def test_what_is_read_back_is_acknowledged_as_what_is_fetched() -> None:
    producer = Producer()
    written: list[Any] = []
    publisher = Publisher(str, producer.start, unsigned, {"scenario"}, written.append)
    await publisher.publish("scenario", 3, estimate())
    producer.confirmation.set_result(
        SimpleNamespace(topic="scenario", partition=3, offset=7, timestamp=1_500, timestamp_type=0)
    )
    await asyncio.sleep(0)
    (header,) = written
    acknowledged: list[Any] = []
    header.incref(2)
    header.ack(SimpleNamespace(ack=acknowledged.append))
    assert acknowledged == []
    header.ack(SimpleNamespace(ack=acknowledged.append))
    assert acknowledged == [header]
    # The stream that reads it lets the consumer know of it first.
    assert not header.tracked


@pytest.mark.parametrize("failed", [True, False])
async def test_what_the_broker_does_not_have_is_not_handed_over(failed: bool) -> None:
    producer = Producer()
    written: list[Any] = []
    publisher = Publisher(str, producer.start, unsigned, {"scenario"}, written.append)
    await publisher.publish("scenario", 3, estimate())
    if failed:
        producer.confirmation.set_exception(ConnectionError("gone"))
    else:
        producer.confirmation.cancel()
    await asyncio.sleep(0)
    assert written == []
