"""Limits the number of connections and how long each may be idle.

aiohttp waits forever for the first request of a connection, and for a client that does not read.

Readers who take all connections must not make a worker look dead: a few more are taken, on which
only metrics and the state of health are answered.
"""

from __future__ import annotations

import asyncio
import logging
from time import monotonic
from typing import TYPE_CHECKING, Any

from aiohttp import web

from infra.settings import env_name
from streams.web.guard import HEALTH, METRICS, error

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

# For a request's head, from the connection's start; for the next request or for reading more of a
# response, from the last one.
HEAD_S = 10.0
IDLE_S = 30.0
# Kept for Prometheus, Kubernetes' probes and whoever looks what is wrong.
SPARE = 16
_LOG_EACH_S = 60.0


class Connections:
    """The open connections of a server: at most `most`, each with a deadline while it waits.

    `SPARE` more are for monitors. Of these the one that has waited longest for a request is ended
    for the next, so that nobody can hold them.
    """

    def __init__(self, most: int, head_s: float = HEAD_S, idle_s: float = IDLE_S) -> None:
        self.most, self.head_s, self.idle_s = most, head_s, idle_s
        self._open: dict[asyncio.BaseTransport, _Connection] = {}
        self._logged_at = -_LOG_EACH_S

    def __len__(self) -> int:
        return len(self._open)

    def wrap(self, make: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """Return `make` as a factory whose connections are limited."""
        return lambda: _Connection(self, make)

    def add(self, transport: asyncio.BaseTransport, connection: _Connection) -> bool:
        """Count a connection; return whether there is room for it."""
        if len(self._open) >= self.most:
            self._log_full()
            connection.spare = True
            if len(self._open) >= self.most + SPARE and not self._end_a_spare_one():
                return False
        self._open[transport] = connection
        return True

    def _end_a_spare_one(self) -> bool:
        for transport, connection in self._open.items():
            if connection.spare and connection.waits:
                del self._open[transport]
                connection.end()
                return True
        return False

    def _log_full(self) -> None:
        if monotonic() - self._logged_at >= _LOG_EACH_S:
            self._logged_at = monotonic()
            log.warning(
                "the page has %d connections and refuses more (%s)",
                *(self.most, env_name("web_connections_max")),
            )

    def remove(self, transport: asyncio.BaseTransport | None) -> None:
        """Remove a connection from the count."""
        if transport is not None:
            self._open.pop(transport, None)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Suspend the deadline while a response is made, which has its own."""
        connection = None if request.transport is None else self._open.get(request.transport)
        if connection is not None:
            connection.wait(None)
        spare = connection is not None and connection.spare
        try:
            if spare and not request.path.startswith((METRICS, HEALTH)):
                refusal = f"the page has {self.most} connections and takes no more; try again later"
                response: web.StreamResponse = error(503, refusal)
            else:
                response = await handler(request)
            if spare:
                response.force_close()
            return response
        finally:
            if connection is not None:
                connection.wait(self.idle_s)


class _Connection(asyncio.Protocol):
    """Forwards everything to aiohttp's protocol, which exists only if there is room."""

    spare = False

    def __init__(self, connections: Connections, make: Callable[[], asyncio.Protocol]) -> None:
        self._connections = connections
        self._make = make
        self._inner: asyncio.Protocol | None = None
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._unsent = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows a type
        if not self._connections.add(transport, self):
            transport.abort()
            return
        self._transport = transport
        self._inner = self._make()
        self._inner.connection_made(transport)
        self.wait(self._connections.head_s)

    def data_received(self, data: bytes) -> None:
        if self._inner is not None:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return None if self._inner is None else self._inner.eof_received()

    def pause_writing(self) -> None:
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        if self._inner is not None:
            self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self.wait(None)
        self._connections.remove(self._transport)
        if self._inner is not None:
            self._inner.connection_lost(exc)

    @property
    def waits(self) -> bool:
        """Return whether it waits for its client."""
        return self._deadline is not None

    def end(self) -> None:
        """End it at once."""
        if self._transport is not None:
            self._transport.abort()

    def wait(self, seconds: float | None) -> None:
        """Set the deadline for the next event; None removes it."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if seconds is not None and self._transport is not None:
            self._unsent = self._transport.get_write_buffer_size()
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(seconds, self._end, seconds)

    def _end(self, seconds: float) -> None:
        assert self._transport is not None  # noqa: S101 - narrows a type, checks nothing
        unsent = self._transport.get_write_buffer_size()
        if unsent and unsent != self._unsent:
            # A slow client that is still reading.
            self.wait(seconds)
            return
        self.end()


class GuardedSite(web.TCPSite):
    """A listening address with limited connections."""

    def __init__(
        self, runner: web.AppRunner, host: str, port: int, connections: Connections
    ) -> None:
        super().__init__(runner, host, port)
        self._connections = connections

    async def start(self) -> None:
        """Listen."""
        await web.BaseSite.start(self)
        server = self._runner.server
        assert server is not None  # noqa: S101 - narrows a type, checks nothing
        self._server = await asyncio.get_running_loop().create_server(
            self._connections.wrap(server), self._host, self._port, backlog=self._backlog
        )
        self._bound_port = self._server.sockets[0].getsockname()[1]
