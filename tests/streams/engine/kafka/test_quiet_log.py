from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from streams.engine.kafka.quiet_log import (
    _LOGGERS,
    REPEAT_S,
    STARTING_S,
    OncePerInterval,
    quieten,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def quiet() -> Iterator[None]:
    before = {name: list(logging.getLogger(name).filters) for name in _LOGGERS}
    quieten()
    yield
    for name, filters in before.items():
        logging.getLogger(name).filters[:] = filters


@pytest.mark.usefixtures("quiet")
def test_only_that_a_topic_is_missing_or_closed_is_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cluster = logging.getLogger("aiokafka.cluster")
    cluster.error("Topic %s not found in cluster metadata", "windows")
    logging.getLogger("aiokafka.consumer.group_coordinator").error(
        "OffsetCommit failed: %s", "UnknownTopicOrPartitionError"
    )
    logging.getLogger("faust.assignor.partition_assignor").warning("Ignoring missing topic: 'a'")
    fetcher = logging.getLogger("aiokafka.consumer.fetcher")
    fetcher.warning("Not authorized to read from topic %s.", "windows")
    cluster.error("Topic %s is not authorized for this client", "windows")
    assert caplog.messages == ["Topic windows is not authorized for this client"]


@pytest.mark.usefixtures("quiet")
def test_a_rebalance_is_no_warning_and_hides_no_other(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    group = logging.getLogger("aiokafka.consumer.group_coordinator")
    group.warning("Heartbeat failed for group %s because it is rebalancing", "egolog")
    group.warning("Heartbeat failed: local member_id was not recognized; resetting")
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING"]
    caplog.clear()
    caplog.set_level(logging.WARNING, group.name)
    group.warning("Heartbeat failed for group %s because it is rebalancing", "other")
    assert not caplog.records


def test_a_broker_that_is_away_is_named_again_after_a_while_only() -> None:
    now = 100.0
    once = OncePerInterval(lambda: now)

    def passes(text: str) -> bool:
        return once.filter(logging.makeLogRecord({"msg": text}))

    assert passes("Unable connect to node with id 1: refused")
    assert passes("Failed fetch messages from 1: not ready")
    assert not passes("Unable connect to node with id 1: refused")
    assert passes("Topic windows is not authorized for this client")
    assert passes("Topic windows is not authorized for this client")
    now += REPEAT_S
    assert passes("Unable connect to node with id 1: refused")
    assert not passes("Unable connect to node with id 2: refused")


def test_a_coordinator_that_is_not_there_yet_is_named_only_if_it_stays_away() -> None:
    now = 100.0
    once = OncePerInterval(lambda: now)
    text = "Group Coordinator Request failed: [Error 15] GroupCoordinatorNotAvailableError"

    def passes() -> bool:
        return once.filter(logging.makeLogRecord({"msg": text}))

    assert not passes()
    now += STARTING_S - 0.1
    assert not passes()
    now += 0.2
    assert passes()
    assert not passes()
    # Another reason is no start.
    assert OncePerInterval(lambda: now).filter(
        logging.makeLogRecord({"msg": "Group Coordinator Request failed: [Error 30] refused"})
    )
