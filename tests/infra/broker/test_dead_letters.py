from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from infra import topics
from infra.broker.dead_letters import LetterSelection, purge, replay, scan
from infra.broker.topic_reader import TopicReader, publish, read_letters
from infra.errors import BrokerError
from schemas import DeadLetter
from tests.broker_settings import never_resting, with_topics

if TYPE_CHECKING:
    from infra.settings import Settings

EVERYTHING = LetterSelection()


@pytest.fixture
async def settings(any_broker_url: str) -> Settings:
    return await with_topics(any_broker_url, 2)


@pytest.fixture
async def on_kafka(kafka_url: str) -> Settings:
    return await with_topics(kafka_url, 2)


def letter(settings: Settings, offset: int, **changes: object) -> DeadLetter:
    fields = {
        "device_id": "d1",
        "topic": settings.topic("imu.frames"),
        "partition": 0,
        "offset": offset,
        "stage": "windower",
        "reason": "malformed",
        "error": "no envelope",
        "size": 3,
        "value": b"abc",
        **changes,
    }
    return DeadLetter(**fields)  # type: ignore[arg-type]


async def write(settings: Settings, *letters: DeadLetter | bytes) -> None:
    for each in letters:
        value = each if isinstance(each, bytes) else each.encode()
        await publish(settings, topics.DEAD_LETTER, "d1", value)


async def letter_ids(settings: Settings) -> list[str]:
    return sorted([r.letter.origin for r in [r async for r in scan(settings)] if r.letter])


async def test_what_is_no_dead_letter_is_named_and_hides_none(settings: Settings) -> None:
    await write(settings, letter(settings, 1), b"hello", letter(settings, 2))
    records = [record async for record in scan(settings)]
    [foreign] = [record for record in records if record.letter is None]
    assert foreign.error.startswith("dead.letter envelope")
    assert foreign.place.startswith(f"{settings.topic('dead.letter')}[")
    assert [each.offset for each in await read_letters(settings)] == [1, 2]


async def test_a_letter_that_was_written_twice_is_one(settings: Settings) -> None:
    await write(settings, letter(settings, 1), letter(settings, 1))
    assert len(await letter_ids(settings)) == 1


async def test_a_message_is_published_to_its_partition_again(settings: Settings) -> None:
    await write(
        settings,
        letter(settings, 1, partition=1),
        letter(settings, 2, size=70_000),
        letter(settings, 3, topic="orders"),
        letter(settings, 4, partition=2),
        letter(settings, 5, reason="clock"),
    )
    selection = LetterSelection(reason="malformed")
    dry = await replay(settings, selection, dry_run=True)
    async with TopicReader(settings, "imu.frames") as reader:
        assert await reader.to_the_end() == []
    handled = await replay(settings, selection)
    assert handled == dry
    assert handled.done == 1
    assert sorted(handled.left_out) == [
        "its message was not kept whole",
        f"topic {settings.topic('imu.frames')} has no partition 2",
        "topic orders is none of the pipeline's",
    ]
    async with TopicReader(settings, "imu.frames") as reader:
        [record] = await reader.to_the_end()
    assert (record.partition, record.key, record.value) == (1, b"d1", b"abc")


async def test_a_message_that_fails_again_at_once_is_published_once(settings: Settings) -> None:
    async def fail_again() -> None:
        async with TopicReader(settings, "imu.frames") as reader:
            following = reader.follow()
            for _ in range(2):
                record = await anext(following)
                await write(settings, letter(settings, 100 + record.offset))

    await write(settings, letter(settings, 1), letter(settings, 2))
    failing = asyncio.create_task(fail_again())
    assert (await replay(settings, EVERYTHING)).done == 2
    async with asyncio.timeout(60):
        await failing
    async with TopicReader(settings, "imu.frames") as reader:
        assert len(await reader.to_the_end()) == 2


async def test_letters_that_keep_coming_are_listed_and_purged_up_to_the_call(
    settings: Settings,
) -> None:
    await write(settings, letter(settings, 1), letter(settings, 2))
    late = letter(settings, 3, device_id="d2").encode()
    async with never_resting(settings, topics.DEAD_LETTER, late), asyncio.timeout(60):
        listed = [record.letter async for record in scan(settings)]
        counted = await purge(settings, EVERYTHING, dry_run=True)
    assert {each.offset for each in listed if each} == {1, 2, 3}
    assert counted.done == 3


@pytest.mark.parametrize(
    ("topic", "keys"),
    [("imu.frames", {"device_keys": f"d {'k' * 32}"}), ("labels", {"signing_key": "k" * 32})],
)
async def test_what_has_to_be_signed_is_not_published_again_by_somebody_else(
    settings: Settings, topic: str, keys: dict[str, str]
) -> None:
    owner = settings.model_copy(update={name: SecretStr(text) for name, text in keys.items()})
    full_name = settings.topic(topic)
    await write(settings, letter(settings, 1, topic=full_name, reason="signature"))
    assert (await replay(owner, EVERYTHING)).left_out == {
        f"topic {full_name} is signed: let the sender send it again": 1
    }


@pytest.mark.services
async def test_a_purge_deletes_what_is_meant_and_keeps_the_rest_as_it_was(
    on_kafka: Settings,
) -> None:
    settings = on_kafka
    await write(
        settings,
        letter(settings, 1),
        letter(settings, 2, device_id="d2"),
        b"hello",
        letter(settings, 3),
    )
    before = {r.letter.offset: r.written_ms async for r in scan(settings) if r.letter}
    selection = LetterSelection(device="d1")
    assert (await purge(settings, selection, dry_run=True)).done == 2
    assert len(await letter_ids(settings)) == 3
    assert (await purge(settings, selection)).done == 2
    left = [record async for record in scan(settings)]
    assert [r.letter.offset for r in left if r.letter] == [2]
    assert [r.written_ms for r in left if r.letter] == [before[2]]
    assert len(left) == 2
    async with TopicReader(settings, topics.DEAD_LETTER) as reader:
        # As msgpack writes the id: a topic's random name may have these two letters too.
        assert b"\xa2d1" not in b"".join(r.value for r in await reader.to_the_end())
    assert (await purge(settings, EVERYTHING)).done == 2
    assert [record async for record in scan(settings)] == []


@pytest.mark.services
async def test_a_purge_keeps_the_letters_that_were_written_outside_of_the_time(
    on_kafka: Settings,
) -> None:
    await write(on_kafka, letter(on_kafka, 1), letter(on_kafka, 2))
    [first, second] = [r.written_ms async for r in scan(on_kafka)]
    assert (await purge(on_kafka, LetterSelection(to_ms=first))).done == 0
    assert (await purge(on_kafka, LetterSelection(from_ms=second + 1))).done == 0
    assert (await purge(on_kafka, LetterSelection(from_ms=first, to_ms=second + 1))).done == 2


@pytest.mark.pipeline
async def test_the_embedded_broker_says_that_it_cannot_purge(broker_url: str) -> None:
    settings = await with_topics(broker_url, 1)
    await write(settings, letter(settings, 1))
    with pytest.raises(BrokerError, match="cannot delete records: the embedded one forgets"):
        await purge(settings, EVERYTHING)
    assert len(await letter_ids(settings)) == 1
