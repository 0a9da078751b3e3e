from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import AIOKafkaProducer

from infra.broker import broker_topics, topic_reader
from infra.broker.access import client_arguments
from infra.broker.topic_reader import TopicReader, partition_of, publish, read_at
from infra.errors import BrokerError, TopicsError
from infra.local.broker_embedded import EmbeddedBroker
from infra.local.probe import free_port
from infra.settings import Settings, load
from tests.broker_settings import never_resting, with_topics
from tests.infra.broker.silent_broker import silent_broker

if TYPE_CHECKING:
    from pathlib import Path

NAME = "labels"


@pytest.fixture
async def settings(any_broker_url: str) -> Settings:
    return await with_topics(any_broker_url, 3)


async def read_topic(settings: Settings) -> list[tuple[bytes, bytes | None]]:
    async with TopicReader(settings, NAME) as reader:
        return [(record.key, record.value) for record in await reader.to_the_end()]


async def test_an_empty_topic_has_its_end_at_once(settings: Settings) -> None:
    assert await read_topic(settings) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"topic_partitions": 2}, r"^topic .*labels has 3 partitions, but .* is 2: set it to 3$"),
        (
            {"topic_partitions": 4},
            r"^topic .*labels has 3 partitions, but .* is 4: set it to 3,",
        ),
        ({"topic_prefix": "nowhere."}, r"^topic nowhere\.labels is missing: create it with"),
    ],
)
async def test_a_topic_that_is_not_as_set_is_refused_before_half_of_it_is_read(
    settings: Settings, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(TopicsError, match=said):
        await read_topic(settings.model_copy(update=change))


async def test_a_reader_that_is_stopped_while_it_connects_closes_what_it_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def there(*_: object) -> None:
        """As if the broker had answered until now."""

    monkeypatch.setattr(broker_topics, "require", there)
    async with silent_broker() as (url, asked), asyncio.timeout(60):
        reader = TopicReader(Settings(broker_url=url), NAME)
        connecting = asyncio.ensure_future(reader.__aenter__())
        await asked.wait()
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
    assert reader._consumer._closed


@pytest.mark.parametrize("frozen", [True, False])
async def test_a_broker_that_falls_silent_before_the_end_is_named_and_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, frozen: bool
) -> None:
    monkeypatch.setattr(topic_reader, "_SILENT_S", 1.0)
    with EmbeddedBroker(tmp_path) as broker:
        settings = await with_topics(broker.url, 1)
        await publish(settings, NAME, "ironing", b"1")
        reader = TopicReader(settings, NAME)
        await reader.__aenter__()
        end_offsets = reader._consumer.end_offsets

        async def and_then_silent(partitions: Any) -> Any:
            ends = await end_offsets(partitions)
            if frozen:
                os.kill(broker.pid or 0, signal.SIGSTOP)
            return {tp: end + 5 for tp, end in ends.items()}

        monkeypatch.setattr(reader._consumer, "end_offsets", and_then_silent)
        try:
            async with asyncio.timeout(60):
                with pytest.raises(BrokerError, match=r"does not answer .*labels.*: start those"):
                    await reader.to_the_end()
                await reader.__aexit__()
        finally:
            os.kill(broker.pid or 0, signal.SIGCONT)


async def test_every_partition_is_read_and_a_key_keeps_its_order(settings: Settings) -> None:
    for n in range(9):
        await publish(settings, NAME, f"label {n % 5}", str(n).encode())
    found = await read_topic(settings)
    assert sorted(int(value or b"") for _, value in found) == list(range(9))
    newest = dict(found)
    assert newest[b"label 3"] == b"8"
    assert newest[b"label 4"] == b"4"


async def test_values_are_read_where_they_lie_and_what_is_gone_is_left_out(
    settings: Settings,
) -> None:
    for n in range(12):
        await publish(settings, NAME, f"label {n}", str(n).encode())
    async with TopicReader(settings, NAME) as reader:
        lie = {
            (record.partition, record.offset): record.value for record in await reader.to_the_end()
        }
    wanted = [*lie][::2]
    beyond = [(p, max(o for q, o in lie if q == p) + 50) for p in {p for p, _ in lie}]
    found = await read_at(settings, NAME, [*reversed(wanted), *beyond])
    assert found == [lie[place] for place in sorted(wanted)]


async def test_a_message_may_lie_in_the_partition_of_another_key(settings: Settings) -> None:
    for n in range(6):
        await publish(settings, NAME, f"label {n}", b"x", beside="glasses")
    await publish(settings, NAME, "glasses", b"x")
    async with TopicReader(settings, NAME) as reader:
        records = await reader.to_the_end()
    assert {record.partition for record in records} == {partition_of(b"glasses", 3)}
    assert len(records) == 7


async def test_a_tombstone_is_read_as_no_value(settings: Settings) -> None:
    await publish(settings, NAME, "bügeln", b"1")
    await publish(settings, NAME, "bügeln", None)
    assert await read_topic(settings) == [("bügeln".encode(), b"1"), ("bügeln".encode(), None)]


async def test_a_topic_that_never_rests_is_read_up_to_where_it_ended(settings: Settings) -> None:
    for n in range(6):
        await publish(settings, NAME, f"label {n}", b"before")
    async with never_resting(settings, NAME), asyncio.timeout(60):
        found = await read_topic(settings)
    assert {key for key, value in found if value == b"before"} == {
        f"label {n}".encode() for n in range(6)
    }


async def test_a_batch_whose_end_is_not_counted_is_read_whole(settings: Settings) -> None:
    producer = AIOKafkaProducer(**client_arguments(settings), acks="all", linger_ms=500)
    await producer.start()
    sent = [
        await producer.send(settings.topic(NAME), str(n).encode(), b"label", partition=n % 3)
        for n in range(300)
    ]
    await asyncio.gather(*sent)
    await producer.stop()
    found = await read_topic(settings)
    assert sorted(int(value or b"") for _, value in found) == list(range(300))


async def test_every_reader_gets_everything(settings: Settings) -> None:
    await publish(settings, NAME, "ironing", b"1")
    assert (
        await asyncio.gather(read_topic(settings), read_topic(settings))
        == [[(b"ironing", b"1")]] * 2
    )


async def test_what_comes_after_the_end_is_followed(settings: Settings) -> None:
    await publish(settings, NAME, "first", b"1")
    async with TopicReader(settings, NAME) as reader:
        assert len(await reader.to_the_end()) == 1
        following = reader.follow()
        await publish(settings, NAME, "second", b"2")
        async with asyncio.timeout(60):
            record = await anext(following)
        assert (record.key, record.value) == (b"second", b"2")


async def test_following_ends_when_the_reader_is_closed(settings: Settings) -> None:
    async with TopicReader(settings, NAME) as reader:
        await reader.to_the_end()
        following = asyncio.ensure_future(anext(reader.follow(), None))
        await asyncio.sleep(0.1)
    async with asyncio.timeout(60):
        assert await following is None


async def test_a_missing_broker_is_one_line_with_its_address() -> None:
    url = f"kafka://127.0.0.1:{free_port()}"
    settings = load(env_file=None, broker_url=url)
    for attempt in (read_topic(settings), publish(settings, NAME, "x", b"1")):
        with pytest.raises(BrokerError, match="does not answer: start it, or correct"):
            await attempt
