"""Keeps the libraries from repeating, several times a second, that a topic is missing."""

from __future__ import annotations

import logging

_LOGGERS = (
    "aiokafka.cluster",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.producer.sender",
    "faust.assignor.partition_assignor",
)
_MISSING_TOPIC = (
    "UnknownTopicOrPartition",
    "not found in cluster metadata",
    "Ignoring missing topic",
)


def quieten() -> None:
    """Leave a missing topic to the topic watch, which names it once."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    text = record.getMessage()
    return not any(part in text for part in _MISSING_TOPIC)
