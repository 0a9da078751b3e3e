"""A producer that a topic which is gone cannot hold up for ever.

Faust waits for all that was sent before each commit and at the end. What is acknowledged here is
published and confirmed already, so neither needs what else is under way: a worker that starts again
publishes it again, with the same ids.
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
        """Wait for what was sent, but not for a topic that is gone."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.flush_max_s):
                await super().flush()

    async def on_stop(self) -> None:
        """Send what is left and close the connections; what cannot be sent is given up."""
        producer = self._producer
        try:
            async with asyncio.timeout(self.stop_max_s):
                await super().on_stop()
        except TimeoutError:
            log.warning("what could not be published is made again at the next start")
            if producer is not None:
                await producer._sender.close()
                await producer.client.close()
