from __future__ import annotations

import errno
import os

import pytest
from aiokafka.errors import MessageSizeTooLargeError, TopicAuthorizationFailedError
from faust.exceptions import ProducerSendError

from infra.errors import BrokerError, ServiceError, TopicsError
from infra.settings import load
from streams.engine.fatal_errors import explained

SETTINGS = load(env_file=None, broker_url="kafka://broker:9092", redis_url="redis://:secret@store")


def test_an_error_of_ours_explains_itself() -> None:
    error = TopicsError("topic spatial is missing")
    assert explained(error, SETTINGS) is error


def test_a_full_disk_is_explained_by_its_file() -> None:
    problem = explained(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "cache.db"), SETTINGS)
    assert isinstance(problem, ServiceError)
    assert str(problem).startswith("disk of cache.db is full: ")


def test_a_denial_is_explained_by_the_rules_that_are_missing() -> None:
    try:
        raise ProducerSendError("Error while sending") from TopicAuthorizationFailedError("spatial")
    except ProducerSendError as error:
        problem = explained(error, SETTINGS)
    assert isinstance(problem, BrokerError)
    assert str(problem) == (
        "broker at kafka://broker:9092 denies User:ANONYMOUS Write on topic spatial: "
        "`faust -A streams.app topics --acls` prints the rules that each role needs"
    )


@pytest.mark.parametrize("error", [FileNotFoundError("x"), ZeroDivisionError()])
def test_any_other_error_needs_its_traceback(error: Exception) -> None:
    assert explained(error, SETTINGS) is None


def test_a_topic_that_takes_no_result_says_what_size_it_needs() -> None:
    problem = explained(MessageSizeTooLargeError(), SETTINGS)
    assert "refuses a message as too large: set max.message.bytes of each topic to 1065536" in str(
        problem
    )
