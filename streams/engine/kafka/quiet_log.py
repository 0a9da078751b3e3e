"""Keeps the Kafka libraries from logging the same line many times a second."""

from __future__ import annotations

import logging
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LOGGERS = (
    "aiokafka",
    "aiokafka.cluster",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.producer.sender",
    "faust.assignor.partition_assignor",
)
# Topics that are missing or may not be read.
_NOT_THERE = (
    "UnknownTopicOrPartition",
    "not found in cluster metadata",
    "Ignoring missing topic",
    "Not authorized to read from topic",
)
# Every task that needs an unreachable broker tries again ten times a second.
_AWAY = (
    "Unable connect to",
    "Unable to update metadata",
    "Unable to request metadata",
    "Failed fetch messages from",
    "Group Coordinator Request failed",
    "Heartbeat send request failed",
    "Heartbeat failed",
    "OffsetCommit failed",
    "Got error produce response",
)
# Each worker hears so that another one joins or leaves.
_REBALANCING = "because it is rebalancing"
REPEAT_S = 30.0
# A broker that just started makes its topic of offsets when the first group asks for it.
_STARTING = "GroupCoordinatorNotAvailableError"
STARTING_S = 15.0


class OncePerInterval(logging.Filter):
    """Passes each kind of line about an unreachable broker once every `REPEAT_S` seconds.

    That no coordinator is there yet passes only if it still isn't after `STARTING_S`.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._passed_at: dict[str, float] = {}
        self._starting_since = inf

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a line is written."""
        text = record.getMessage()
        kind = next((part for part in (_REBALANCING, *_AWAY) if part in text), None)
        if kind is None:
            return True
        now = self._clock()
        if _STARTING in text:
            self._starting_since = min(now, self._starting_since)
            if now - self._starting_since < STARTING_S:
                return False
        if now - self._passed_at.get(kind, -REPEAT_S) < REPEAT_S:
            return False
        self._passed_at[kind] = now
        return True


def quieten() -> None:
    """Drop lines about topics that are missing or closed, which we report; throttle outages.

    That a heartbeat is answered by a rebalance is logged as INFO.
    """
    once = OncePerInterval()
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.addFilter(_is_news)
        logger.addFilter(_lower_rebalance)
        logger.addFilter(once)


def _is_news(record: logging.LogRecord) -> bool:
    text = record.getMessage()
    return not any(part in text for part in _NOT_THERE)


def _lower_rebalance(record: logging.LogRecord) -> bool:
    if _REBALANCING not in record.getMessage():
        return True
    record.levelno, record.levelname = logging.INFO, logging.getLevelName(logging.INFO)
    return logging.getLogger(record.name).isEnabledFor(logging.INFO)
