"""A broker that says which requests it knows, and answers none of them."""

from __future__ import annotations

import asyncio
import struct
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from aiokafka.protocol.admin import ApiVersionResponse_v0

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_API_VERSIONS = 18
_LAST_KEY = 40


@asynccontextmanager
async def silent_broker() -> AsyncIterator[tuple[str, asyncio.Event]]:
    """Give its URL, and an event that is set once something was asked that it will not answer."""
    asked = asyncio.Event()

    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                (size,) = struct.unpack(">i", await reader.readexactly(4))
                key, _, number = struct.unpack(">hhi", (await reader.readexactly(size))[:8])
                if key != _API_VERSIONS:
                    asked.set()
                    continue
                known = [(each, 0, 0) for each in range(_LAST_KEY)]
                answer = ApiVersionResponse_v0(error_code=0, api_versions=known).encode()
                writer.write(struct.pack(">ii", len(answer) + 4, number) + answer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        host, port = server.sockets[0].getsockname()
        yield f"kafka://{host}:{port}", asked
    finally:
        server.close()
        for writer in writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
