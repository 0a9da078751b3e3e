"""Closes the connection by which a client asks for its cluster where that is cancelled.

aiokafka closes it after an answer and for errors of its own. Whoever stopped a command while its
broker did not answer was told of an unclosed connection, which the interpreter then closed.
"""

from __future__ import annotations

import asyncio
from typing import Any

import aiokafka.client
from aiokafka.conn import AIOKafkaConnection, create_conn


class BootstrapConnection(AIOKafkaConnection):  # type: ignore[misc]
    """A connection that whoever waits for an answer has for itself."""

    async def send(self, request: Any, expect_response: bool = True) -> Any:
        """Return the answer to a request."""
        try:
            return await super().send(request, expect_response)
        except asyncio.CancelledError:
            self.close()
            raise


async def _create_conn(host: str, port: int, **options: Any) -> AIOKafkaConnection:
    connection = await create_conn(host, port, **options)
    # The connections that a client keeps tell it when they close.
    if options.get("on_close") is None:
        connection.__class__ = BootstrapConnection
    return connection


def install() -> None:
    """Have all clients of this process do so."""
    aiokafka.client.create_conn = _create_conn
