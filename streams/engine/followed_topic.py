"""A compacted topic that a worker reads to its end before its first message, and then follows.

Every worker reads all of it, without a consumer group. Records that do not decode or lack a valid
signature become dead letters and have no other effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.broker.signing import Signatures
from infra.broker.topic_reader import TopicReader
from schemas import SchemaError
from streams.engine.dead_letters import dead_letter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from infra.settings import Settings
    from schemas import DeadLetter


class FollowedTopic:
    """Passes each record of topic `name` to `take`, which raises `SchemaError` to refuse it."""

    def __init__(self, settings: Settings, name: str, take: Callable[[Any], None]) -> None:
        self._name = name
        self._take = take
        self._signatures = Signatures.of(settings)
        self._reader = TopicReader(settings, name)
        self._letters: list[DeadLetter] = []

    async def open(self) -> None:
        """Read the topic to its present end; raises `BrokerError`."""
        await self._reader.__aenter__()
        try:
            for record in await self._reader.to_the_end():
                self._read(record)
        except BaseException:
            await self.close()
            raise

    async def follow(
        self, to_dead_letter: Callable[[DeadLetter], Awaitable[None]]
    ) -> AsyncIterator[Any]:
        """Yield each new record after `take` was called, until cancelled.

        Dead letters, also those of `open`, are passed to `to_dead_letter`.
        """
        await self._publish_letters(to_dead_letter)
        async for record in self._reader.follow():
            self._read(record)
            await self._publish_letters(to_dead_letter)
            yield record

    async def close(self) -> None:
        """Close the connection."""
        await self._reader.__aexit__(None, None, None)

    def _read(self, record: Any) -> None:
        try:
            self._signatures.require(record)
            self._take(record)
        except SchemaError as error:
            self._letters.append(dead_letter(record, record.value, self._name, error))

    async def _publish_letters(
        self, to_dead_letter: Callable[[DeadLetter], Awaitable[None]]
    ) -> None:
        while self._letters:
            await to_dead_letter(self._letters.pop(0))
