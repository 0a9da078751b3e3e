"""A consumer that does not make tasks or sleep for what is there already."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from faust.transport.drivers.aiokafka import Consumer as FaustConsumer
from mode.services import WaitResults

from streams.engine.kafka.started_coroutine import rest_of


class DirectConsumer(FaustConsumer):
    """Faust's consumer, at a lower cost for each message and partition."""

    async def wait_first(self, *waits: Any, timeout: Any = None) -> Any:
        """Wait as Faust does, but deliver a message directly where there is room for it.

        Faust creates four tasks for each delivered message, even when none of them has to wait.
        """
        delivering, *others = waits
        if timeout is not None or not asyncio.iscoroutine(delivering):
            return await super().wait_first(*waits, timeout=timeout)
        try:
            waits_for = delivering.send(None)
        except StopIteration as end:
            for other in others:
                other.close()
            if self._stopped.is_set() or self._crashed.is_set():
                return WaitResults([], [], stopped=True)
            return WaitResults([delivering], [end.value], stopped=False)
        return await super().wait_first(rest_of(delivering, waits_for), *others)

    async def verify_all_partitions_active(self) -> None:
        """Verify that all partitions are fetched, in one go: sleeping between them costs more.

        Faust also asks when its streams last had a message. Agents here read without those streams,
        so each partition with a message to read would be logged as one whose agent hangs. Whether
        work goes on is known by `streams.engine.progress`.
        """
        now = time.monotonic()
        for tp in self.assignment():
            self.verify_recovery_event_path(now, tp)
