"""A producer that a deleted topic cannot block for ever.

Faust flushes the producer before each commit and at shutdown. Here the results of an acknowledged
message are confirmed already, so neither depends on other sends in flight: a restarted worker
publishes those again, with the same ids.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from faust.transport.drivers.aiokafka import Producer as FaustProducer

log = logging.getLogger(__name__)

FLUSH_MAX_S = 2.0
STOP_MAX_S = 5.0


class Producer(FaustProducer):
    """Faust's producer with bounded waits."""

    flush_max_s = FLUSH_MAX_S
    stop_max_s = STOP_MAX_S

    async def flush(self) -> None:
        """Wait for pending sends, but not for ever for a deleted topic."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.flush_max_s):
                await super().flush()

    async def on_stop(self) -> None:
        """Send what is pending and close the connections; give up what cannot be sent."""
        producer = self._producer
        try:
            async with asyncio.timeout(self.stop_max_s):
                await super().on_stop()
        except TimeoutError:
            log.warning("what could not be published is made again at the next start")
            if producer is not None:
                await producer._sender.close()
                await producer.client.close()
