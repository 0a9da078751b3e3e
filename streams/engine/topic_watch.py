"""Whether all topics are still there, asked as long as a worker runs."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from infra import topics
from infra.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.settings import Settings

log = logging.getLogger(__name__)

INTERVAL_S = 2.0


class TopicWatch:
    """Names in `problem` the topics that were deleted under the worker, until they are back.

    Nothing is lost meanwhile: what would be published waits, and what it follows from stays
    unacknowledged.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._missing: frozenset[str] = frozenset()
        self._differing: frozenset[str] = frozenset()

    @property
    def problem(self) -> str | None:
        """What is wrong, in one line."""
        if not self._missing:
            return None
        them = "it" if len(self._missing) == 1 else "them"
        return f"{_named(self._missing)} missing: create {them} with `{topics.CREATE_COMMAND}`"

    async def run(self, interval_s: float = INTERVAL_S) -> None:
        """Look again and again; raises `TopicsError` where a topic's partitions have changed."""
        while True:
            await asyncio.sleep(interval_s)
            # Whoever reads or publishes waits for a broker that is away, and says so.
            with suppress(BrokerError):
                # To connect costs more than to ask.
                async with topics.descriptions(self._settings) as describe:
                    while True:
                        self.look_at(await describe())
                        await asyncio.sleep(interval_s)

    def look_at(self, counts: Mapping[str, int | None]) -> None:
        """Take the topics' numbers of partitions, None for one that is missing.

        Raises `TopicsError` where a topic has another number twice in a row: devices would be
        spread anew, their motion away from their sound.
        """
        missing = frozenset(name for name, count in counts.items() if count is None)
        back = self._missing - missing
        if back:
            log.warning("%s there again", _named(back))
        gone = missing - self._missing
        self._missing = missing
        if gone:
            log.error("%s; until then what is to be published there waits", self.problem)
        there = {name: count for name, count in counts.items() if count is not None}
        expected = self._settings.topic_partitions
        differing = frozenset(name for name, count in there.items() if count != expected)
        # A broker that makes a topic may show its partitions one by one.
        if differing & self._differing:
            # One that is missing meanwhile is waited for.
            names = (self._settings.topic(topic.name) for topic in topics.used(self._settings))
            topics.check({**dict.fromkeys(names, expected), **there}, self._settings)
        self._differing = differing


def _named(names: frozenset[str]) -> str:
    noun, verb = ("topic", "is") if len(names) == 1 else ("topics", "are")
    return f"{noun} {', '.join(sorted(names))} {verb}"
