from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from infra import topics
from infra.broker.topic_reader import publish
from infra.settings import Settings
from schemas import DeadLetter
from schemas.event_time import EXPECTED
from streams.commands.dead_letters import _size
from tests.broker_settings import with_topics
from tests.pipeline.running import Worker
from tests.refused_command import refusal

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def ours(tmp_path: Path, broker_url: str) -> Worker:
    """The commands of an app whose topic holds two letters and a message that is none."""

    async def fill() -> Settings:
        settings = await with_topics(broker_url, 2)
        for offset, device, reason in ((7, "d1", "malformed"), (5, "d2", "checksum")):
            letter = DeadLetter(
                device_id=device,
                topic=settings.topic("imu.frames"),
                partition=1,
                offset=offset,
                stage="windower",
                reason=reason,
                error="not an envelope",
                size=5,
                value=b"\x00hell",
            )
            await publish(settings, topics.DEAD_LETTER, device, letter.encode())
        await publish(settings, topics.DEAD_LETTER, "x", b"hello")
        return settings

    settings = asyncio.run(fill())
    return Worker(
        Settings(
            _env_file=None,
            broker_url=broker_url,
            topic_prefix=settings.topic_prefix,
            topic_partitions=2,
            run_dir=tmp_path,
        )
    )


def test_letters_are_listed_shown_and_replayed(ours: Worker) -> None:
    prefix = ours.settings.topic_prefix
    plain = ours.command("dead-letters").splitlines()
    assert [line.split()[:2] for line in plain[1:]] == [
        [f"{prefix}imu.frames[1]@5", "checksum"],
        [f"{prefix}imu.frames[1]@7", "malformed"],
    ]
    assert ours.command("dead-letters", "list").splitlines() == plain
    one = ours.command("dead-letters", "--device", "d2", "--topic", "imu.frames").splitlines()
    assert [line.split()[0] for line in one[1:]] == [f"{prefix}imu.frames[1]@5"]
    shown = ours.command("dead-letters", "show", f"{prefix}imu.frames[1]@7")
    assert "reason   malformed" in shown
    assert "size     5 bytes, of which 5 are kept" in shown
    assert shown.splitlines()[-1].endswith(".hell")
    dry = ours.command("dead-letters", "replay", "--reason", "checksum", "--dry-run")
    assert dry == "would publish 1 dead letter again\n"
    assert ours.command("dead-letters", "replay") == "published 2 dead letters again\n"
    dry = ours.command("dead-letters", "purge", "--dry-run")
    assert dry == "would delete 3 dead letters\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("show", "x[0]@1"), "dead letter 'x[0]@1' is unknown; expected one that"),
        (("list", "--from", "noon"), f"time is 'noon'; expected {EXPECTED}"),
        (("purge",), "cannot delete records: the embedded one forgets"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    ours: Worker, tmp_path: Path, arguments: tuple[str, ...], line: str
) -> None:
    assert line in refusal(tmp_path, ("dead-letters", *arguments), **ours.environment())


@pytest.mark.parametrize(
    ("topic", "size", "text"),
    [
        ("lab.audio.frames", 8, "8 bytes; kept are 5 of its header and hash, no sound"),
        ("lab.audio.frames", 5, "5 bytes, of which 5 are kept"),
        ("lab.imu.frames", 70_000, "70000 bytes, of which 5 are kept"),
    ],
)
def test_what_is_kept_of_a_message_is_told_from_its_size(topic: str, size: int, text: str) -> None:
    letter = DeadLetter(
        device_id="d",
        topic=topic,
        partition=0,
        offset=1,
        stage="windower",
        reason="malformed",
        error="not an envelope",
        size=size,
        value=b"\x00hell",
    )
    assert _size(letter) == text
