from __future__ import annotations

import logging
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP

from streams.engine.kafka.direct_consumer import DirectConsumer

if TYPE_CHECKING:
    import pytest

FRAMES = TP("audio.frames", 0)


class OneUnread(DirectConsumer):
    """Has had one partition for ten minutes, in which the last message is not read yet."""

    def __init__(self, fetched_s_ago: float) -> None:
        now = time.monotonic()
        fetched_ms = round((now - fetched_s_ago) * 1_000)
        state = SimpleNamespace(highwater=5, position=4, timestamp=fetched_ms)
        assignment = SimpleNamespace(active=True, state_value=lambda _tp: state)
        subscriptions = SimpleNamespace(subscription=SimpleNamespace(assignment=assignment))
        self.app = SimpleNamespace(
            monitor=SimpleNamespace(stream_inbound_time={}),
            topics=SimpleNamespace(acks_enabled_for=lambda _topic: True),
            conf=SimpleNamespace(stream_processing_timeout=300.0),
        )
        thread = self._thread = AIOKafkaConsumerThread.__new__(AIOKafkaConsumerThread)
        thread.log = logging.getLogger("thread")
        thread.consumer = self
        thread.time_started = now - 600
        thread.tp_stream_timeout_secs, thread.tp_fetch_request_timeout_secs = 300.0, 60.0
        thread._consumer = SimpleNamespace(_fetcher=SimpleNamespace(_subscriptions=subscriptions))

    def assignment(self) -> set[TP]:
        return {FRAMES}


async def test_a_message_to_read_is_no_agent_that_hangs(caplog: pytest.LogCaptureFixture) -> None:
    await OneUnread(fetched_s_ago=1).verify_all_partitions_active()
    assert not caplog.messages


async def test_a_partition_that_is_not_fetched_is_named(caplog: pytest.LogCaptureFixture) -> None:
    await OneUnread(fetched_s_ago=120).verify_all_partitions_active()
    [line] = caplog.messages
    assert "audio.frames" in line
