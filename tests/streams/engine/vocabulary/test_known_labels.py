from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydantic import SecretStr

from infra import metrics, topics
from infra.broker.topic_reader import publish
from operators.label_set import LabelSet
from schemas import ActivityLabel, DeadLetter, Vector
from schemas.labels import label_key
from streams.engine.vocabulary.known_labels import KnownLabels
from tests.broker_settings import with_topics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from infra.settings import Settings

REVISION = "weights-1"
SHIPPED = {name: np.eye(8, dtype=np.float32)[n] for n, name in enumerate(("walking", "sitting"))}


@pytest.fixture
async def settings(any_broker_url: str) -> Settings:
    return await with_topics(any_broker_url, 3)


def label(name: str, revision: str = REVISION) -> ActivityLabel:
    return ActivityLabel(name=name, vector=Vector.of(np.eye(8)[5]), revision=revision)


async def send(settings: Settings, sent: ActivityLabel) -> None:
    await publish(settings, topics.LABELS, label_key(sent.name), sent.encode())


@asynccontextmanager
async def following(settings: Settings) -> AsyncIterator[tuple[KnownLabels, list[DeadLetter]]]:
    """A worker's labels while it runs, and what it could not read."""
    known = KnownLabels(settings, LabelSet(SHIPPED, REVISION))
    letters: list[DeadLetter] = []

    async def to_dead_letter(letter: DeadLetter) -> None:
        letters.append(letter)

    await known.open()
    task = asyncio.create_task(known.follow(to_dead_letter))
    yield known, letters
    await known.close()
    async with asyncio.timeout(60):
        await task


async def until(known: KnownLabels, *names: str) -> None:
    async with asyncio.timeout(60):
        while known.current.names != names:
            await asyncio.sleep(0.02)


async def test_labels_from_before_the_start_are_known_before_the_first_window(
    settings: Settings,
) -> None:
    await send(settings, label("ironing"))
    async with following(settings) as (known, _):
        assert known.current.names == ("ironing", "sitting", "walking")


async def test_labels_come_and_go_in_every_worker_while_it_runs(settings: Settings) -> None:
    async with following(settings) as (one, _), following(settings) as (other, _):
        before = one.current
        await send(settings, label("ironing"))
        for known in (one, other):
            await until(known, "ironing", "sitting", "walking")
        assert one.current.revision == other.current.revision != before.revision
        assert metrics.REGISTRY.get_sample_value("egolog_labels_known") == 3
        await publish(settings, topics.LABELS, "ironing", None)
        for known in (one, other):
            await until(known, "sitting", "walking")
        assert one.current.revision == before.revision
        assert before.names == ("sitting", "walking")


async def test_what_does_not_decode_is_a_dead_letter_and_the_rest_goes_on(
    settings: Settings,
) -> None:
    await publish(settings, topics.LABELS, "before", b"nonsense")
    await publish(settings, topics.LABELS, "another key", label("folding").encode())
    async with following(settings) as (known, letters):
        await publish(settings, topics.LABELS, "after", b"nonsense")
        await send(settings, label("ironing"))
        await until(known, "ironing", "sitting", "walking")
        async with asyncio.timeout(60):
            while len(letters) < 3:
                await asyncio.sleep(0.02)
        assert {letter.reason for letter in letters} == {"malformed", "invalid"}
        assert {letter.topic for letter in letters} == {settings.topic(topics.LABELS)}
        [wrong_key] = [letter for letter in letters if letter.reason == "invalid"]
        assert "the key must be 'folding'" in wrong_key.error


async def test_a_label_of_other_weights_is_named_and_not_used(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    await send(settings, label("ironing", revision="weights-0"))
    async with following(settings) as (known, _):
        assert known.current.names == ("sitting", "walking")
    assert 'label="ironing" belongs to weights weights-0' in caplog.text


async def test_where_a_key_is_set_a_label_without_a_signature_is_refused(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    owner = settings.model_copy(update={"signing_key": SecretStr("k" * 32)})
    await send(owner, label("ironing"))
    await send(settings, label("forged"))
    await publish(settings, topics.LABELS, "ironing", None)
    async with following(owner) as (known, letters):
        assert known.current.names == ("ironing", "sitting", "walking")
        await send(settings, label("later"))
        await send(owner, label("kneading"))
        await until(known, "ironing", "kneading", "sitting", "walking")
        while len(letters) < 3:
            await asyncio.sleep(0.02)
    assert {letter.reason for letter in letters} == {"signature"}
    refused = [line for line in caplog.messages if " is refused: message of key " in line]
    assert len(refused) == 3
