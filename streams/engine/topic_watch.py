"""Checks that all topics still exist while a worker runs."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from infra import topics
from infra.broker import broker_topics
from infra.broker.denials import hidden
from infra.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.settings import Settings

log = logging.getLogger(__name__)

INTERVAL_S = 2.0
# How often in a row the broker may not answer before it counts as away.
_FAILURES = 2


class TopicWatch:
    """Names in `problem` the topics that were deleted or hidden while the worker runs.

    A topic is hidden when the worker's login lost the right to see it.

    Nothing is lost meanwhile: results wait to be published, and their inputs stay unacknowledged.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._broker: str | None = None
        self._missing: frozenset[str] = frozenset()
        self._hidden: frozenset[str] = frozenset()
        self._differing: frozenset[str] = frozenset()

    @property
    def broker_problem(self) -> str | None:
        """Why the broker cannot be asked, in one line; None if it answered the last time."""
        return self._broker

    @property
    def problem(self) -> str | None:
        """The missing and the hidden topics in one line, None if there are none."""
        parts = []
        if self._missing:
            them = "it" if len(self._missing) == 1 else "them"
            parts.append(
                f"{_topic_names(self._missing)} missing: create {them} with "
                f"`{broker_topics.CREATE_COMMAND}`"
            )
        if self._hidden:
            parts.append(f"{_topic_names(self._hidden)} {hidden(self._settings)}")
        return "; ".join(parts) or None

    async def run(self, interval_s: float = INTERVAL_S) -> None:
        """Check until cancelled; raises `TopicsError` if a topic's partitions have changed."""
        failures = 0
        while True:
            await asyncio.sleep(interval_s)
            try:
                # Connecting costs more than the request, so the connection is kept.
                async with broker_topics.descriptions(self._settings) as describe:
                    while True:
                        self.look_at(await describe())
                        self._broker, failures = None, 0
                        await asyncio.sleep(interval_s)
            except BrokerError as error:
                # A broker that was asked may be gone while the others of its cluster serve.
                failures += 1
                if failures > _FAILURES:
                    self._broker = str(error)

    def look_at(self, counts: Mapping[str, int | None]) -> None:
        """Check the topics' numbers of partitions, as `broker_topics.describe` returns them.

        Raises `TopicsError` if a topic has an unexpected number twice in a row: devices would move
        to other partitions, and their motion be separated from their sound.
        """
        missing = frozenset(name for name, count in counts.items() if count is None)
        hidden = frozenset(name for name, count in counts.items() if count == broker_topics.HIDDEN)
        back = (self._missing | self._hidden) - missing - hidden
        if back:
            log.warning("%s there again", _topic_names(back))
        gone = (missing - self._missing) | (hidden - self._hidden)
        self._missing, self._hidden = missing, hidden
        if gone:
            log.error("%s; until then what is to be published there waits", self.problem)
        there = {name: count for name, count in counts.items() if count}
        expected = self._settings.topic_partitions
        differing = frozenset(name for name, count in there.items() if count != expected)
        # While a broker creates a topic, it may show its partitions one by one.
        if differing & self._differing:
            # Topics that are missing at the moment are waited for instead.
            names = (
                self._settings.topic(topic.name) for topic in topics.used_topics(self._settings)
            )
            broker_topics.check({**dict.fromkeys(names, expected), **there}, self._settings)
        self._differing = differing


def _topic_names(names: frozenset[str]) -> str:
    noun, verb = ("topic", "is") if len(names) == 1 else ("topics", "are")
    return f"{noun} {', '.join(sorted(names))} {verb}"
