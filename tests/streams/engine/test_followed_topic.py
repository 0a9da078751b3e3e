from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra import topics
from infra.broker.topic_reader import publish
from schemas.errors import MalformedError
from streams.engine.followed_topic import FollowedTopic
from tests.broker_settings import with_topics

if TYPE_CHECKING:
    from infra.settings import Settings
    from schemas import DeadLetter


@pytest.fixture
async def settings(broker_url: str) -> Settings:
    return await with_topics(broker_url, 1)


async def test_what_is_wrong_becomes_a_letter_and_hides_nothing(settings: Settings) -> None:
    taken: list[bytes] = []
    letters: list[DeadLetter] = []

    def take(record: Any) -> None:
        if record.value == b"wrong":
            raise MalformedError("is wrong")
        taken.append(record.value)

    async def keep(letter: DeadLetter) -> None:
        letters.append(letter)

    for key, value in (("a", b"one"), ("b", b"wrong"), ("c", b"two")):
        await publish(settings, topics.LABELS, key, value)
    followed = FollowedTopic(settings, topics.LABELS, take)
    await followed.open()
    assert taken == [b"one", b"two"]
    await publish(settings, topics.LABELS, "d", b"wrong")
    async for record in followed.follow(keep):
        assert record.value == b"wrong"
        break
    await followed.close()
    assert taken == [b"one", b"two"]
    assert [(letter.value, letter.error) for letter in letters] == [(b"wrong", "is wrong")] * 2
