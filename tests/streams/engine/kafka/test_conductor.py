from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from faust.types import TP, Message
from mode.utils.queues import FlowControlEvent

from streams.engine.kafka.conductor import DirectConductor, Handler
from streams.engine.kafka.fair_queue import FairQueue

T = TP("t", 0)


class Reading:
    """Agents that read one partition, and what the consumer was told of their buffers."""

    def __init__(self, agents: int = 1, maxsize: int = 4) -> None:
        self.reports: list[str] = []
        self.waited: list[int] = []
        self.flow = FlowControlEvent(initially_suspended=False)
        self.queues = [FairQueue(maxsize, flow_control=self.flow) for _ in range(agents)]
        consumer = SimpleNamespace(
            on_buffer_full=lambda tp: self.reports.append("full"),
            on_buffer_drop=lambda tp: self.reports.append("drop"),
        )
        self.app: Any = SimpleNamespace(
            flow_control=self.flow,
            consumer=consumer,
        )
        self.conductor: Any = DirectConductor.__new__(DirectConductor)
        self.conductor.app = self.app
        channels = [SimpleNamespace(queue=queue) for queue in self.queues]

        async def waiting(message: Any) -> None:
            self.waited.append(message.offset)

        self.conductor._tp_to_callback = {T: Handler(self.conductor, T, channels, waiting)}

    def deliver(self, offset: int) -> bool:
        handed: bool = self.conductor.deliver(message(offset))
        return handed


def message(offset: int) -> Message:
    value = bytes(65_536)
    return Message("t", 0, offset, 0.0, 0, None, b"d", value, None)


def test_a_message_goes_to_every_agent_and_is_held_by_each() -> None:
    reading, sent = Reading(agents=2), message(0)
    assert reading.conductor.deliver(sent)
    first, second = (queue.get_nowait().message for queue in reading.queues)
    assert first is second is sent
    assert sent.refcount == 2


def test_what_one_agent_has_no_room_for_is_handed_to_none() -> None:
    reading = Reading(agents=2, maxsize=1)
    assert reading.deliver(0)
    reading.queues[0].get_nowait()
    assert not reading.deliver(1)
    assert reading.queues[0].empty()


def test_nothing_is_handed_over_while_the_flow_is_suspended() -> None:
    reading = Reading()
    reading.flow.suspend()
    assert not reading.deliver(0)


def test_a_partition_that_nobody_reads_yet_has_to_wait() -> None:
    reading = Reading()
    reading.conductor._tp_to_callback.clear()
    assert not reading.deliver(0)


def test_the_consumer_is_notified_of_a_buffer_that_fills_and_drains() -> None:
    reading = Reading()
    for offset in range(4):
        assert reading.deliver(offset)
    assert reading.reports == ["full"]
    for _ in range(4):
        reading.queues[0].get_nowait()
    assert reading.reports == ["full", "drop"]


async def test_what_has_to_wait_goes_the_way_of_faust() -> None:
    reading = Reading()
    await reading.conductor._tp_to_callback[T](message(7))
    assert reading.waited == [7]
