from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from aiokafka import AIOKafkaProducer

from infra import topics
from infra.broker import topic_creation
from infra.broker.topic_reader import read_letters
from streams.producers.frames import Identity, frames
from streams.producers.recordings import open_recordings
from tests.pipeline.log import differences, log_content
from tests.pipeline.running import Worker, settings_for, unique_name, wait_until_settled
from tests.schemas.messages import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from infra.settings import Settings
    from schemas import Message
    from tests.conftest import Services

# In all, for the long suites ten times as many, and for the longest in every topic.
FEW_BAD_MESSAGES = 1_000
BAD_MESSAGES = 10_000
# Topics that no agent of the worker reads.
NOT_CONSUMED = {
    *("windows", "scenario.estimate", "spatial"),
    *("finetune.queue", "model.updates", "dead.letter"),
}


def damage(good: list[bytes], rng: np.random.Generator) -> bytes:
    """Random bytes, or a good message with bytes flipped, cut, repeated or of another version."""
    if rng.random() < 0.3:
        return rng.bytes(int(rng.integers(0, 2_000)))
    data = bytearray(good[int(rng.integers(len(good)))])
    how = rng.integers(4)
    at = int(rng.integers(len(data)))
    if how == 0:
        data[at] ^= int(rng.integers(1, 256))
    elif how == 1:
        del data[at:]
    elif how == 2:
        data += data[at:] or b"\0"
    else:
        data[at:at] = rng.bytes(int(rng.integers(1, 50)))
    return bytes(data)


def examples(kind: type[Message]) -> list[bytes]:
    from hypothesis import HealthCheck, given, seed, settings

    found: list[bytes] = []

    @seed(0)
    @settings(
        max_examples=20, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(MESSAGES[kind])
    def collect(message: Message) -> None:
        found.append(message.encode())

    collect()
    return found


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "count", [FEW_BAD_MESSAGES, pytest.param(BAD_MESSAGES, marks=pytest.mark.pipeline)]
)
async def test_bad_messages_are_buried_and_the_good_between_them_processed(
    services: Services, tmp_path: Path, count: int
) -> None:
    await bury_and_compare(services, tmp_path, count)


@pytest.mark.soak
@pytest.mark.timeout(3_600)
async def test_ten_thousand_bad_messages_in_every_topic_are_buried(
    services: Services, tmp_path: Path
) -> None:
    consumed = [topic for topic in topics.TOPICS if topic.name not in NOT_CONSUMED]
    await bury_and_compare(services, tmp_path, BAD_MESSAGES * len(consumed), timeout_s=1_800.0)


async def bury_and_compare(
    services: Services, tmp_path: Path, count: int, timeout_s: float = 400.0
) -> None:
    [recording] = open_recordings(f"simulated:13:{1 if count <= FEW_BAD_MESSAGES else 2}")
    clean = settings_for(services, tmp_path / "clean", unique_name("clean"))
    dirty = settings_for(services, tmp_path / "dirty", unique_name("dirty"))
    logs = []
    for settings, bad in ((clean, 0), (dirty, count)):
        await topic_creation.create(settings)
        with Worker(settings) as worker:
            sent = await send(settings, recording, bad)
            wait_until_settled(worker, timeout_s)
            assert worker.process is not None
            assert worker.process.poll() is None
            assert len(worker.logs) == 1
            letters = await read_letters(settings)
            assert not await missing(settings, sent, letters)
            assert len(letters) == sum(sent.values())
            assert all(letter.reason and letter.error for letter in letters)
        logs.append(await log_content(settings))
    assert not differences(logs[0], logs[1])


async def missing(settings: Settings, sent: dict[str, int], letters: Sequence[object]) -> list[str]:
    """Return the topics whose bad messages are not all in the dead letters."""
    found = {
        topic: sum(getattr(letter, "topic", "") == settings.topic(topic) for letter in letters)
        for topic in sent
    }
    return [f"{topic}: {found[topic]} of {n}" for topic, n in sent.items() if found[topic] != n]


async def send(settings: Settings, recording: object, bad: int) -> dict[str, int]:
    """Send a recording with bad messages between its frames; return how many a topic got."""
    rng = np.random.default_rng(0)
    consumed = [topic for topic in topics.TOPICS if topic.name not in NOT_CONSUMED]
    good = {topic.name: examples(topic.value) for topic in consumed}
    timed = list(frames(recording, Identity("wearer", "s")))  # type: ignore[arg-type]
    sent = {topic.name: 0 for topic in consumed}
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap_servers,
        linger_ms=5,
        max_request_size=2_000_000,
    )
    await producer.start()
    pending = []
    each = -(-bad // (len(timed) * len(consumed))) if bad else 0
    for frame in timed:
        pending.append(
            await producer.send(settings.topic(frame.topic), frame.frame.encode(), key=b"wearer")
        )
        for topic in consumed:
            # Kafka itself refuses a message without a key on a compacted topic.
            keys: list[bytes | None] = [b"wearer", rng.bytes(8)]
            if not topic.compacted:
                keys.append(None)
            for _ in range(each):
                if sum(sent.values()) < bad:
                    pending.append(
                        await producer.send(
                            settings.topic(topic.name),
                            damage(good[topic.name], rng),
                            key=keys[int(rng.integers(len(keys)))],
                        )
                    )
                    sent[topic.name] += 1
    for future in pending:
        await future
    await producer.stop()
    return sent
