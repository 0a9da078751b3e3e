"""Real sockets against the site that the worker serves the page from."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import faust
import pytest
from aiohttp import web

from infra.local.probe import free_port
from streams.web.connections import SPARE, Connections, GuardedSite
from streams.web.routes import PageSources, register

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from infra.daily_log.store import LogStore

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
NEVER_S = 3_600.0
BIG = 50_000_000


@asynccontextmanager
async def serving(connections: Connections) -> AsyncIterator[int]:
    """Give the port of a server that says ok at / and much at /big."""

    async def ok(_request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def big(_request: web.Request) -> web.Response:
        return web.Response(body=bytes(BIG))

    async def slow(_request: web.Request) -> web.Response:
        await asyncio.sleep(0.5)
        return web.Response(text="ok")

    application = web.Application(middlewares=[connections.middleware])
    application.add_routes([web.get("/", ok), web.get("/big", big), web.get("/metrics/slow", slow)])
    application.add_routes([web.get("/metrics", ok), web.get("/api/health/live", ok)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = GuardedSite(runner, "127.0.0.1", 0, connections)
    await site.start()
    yield site.port
    await runner.cleanup()


async def ended(reader: asyncio.StreamReader) -> bytes:
    """Return what comes until the server ends the connection."""
    data = b""
    with suppress(ConnectionResetError):
        while part := await reader.read(65_536):
            data += part
    return data


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\n"])
async def test_a_request_whose_head_does_not_come_is_ended(sent: bytes) -> None:
    connections = Connections(10, head_s=0.2, idle_s=NEVER_S)
    async with serving(connections) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        assert await ended(reader) == b""
        writer.close()
        await until_none(connections)


async def test_the_next_requests_head_has_a_deadline_too() -> None:
    connections = Connections(10, head_s=NEVER_S, idle_s=0.2)
    async with serving(connections) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET + GET[:20])
        assert (await ended(reader)).endswith(b"\r\n\r\nok")
        writer.close()
        await until_none(connections)


async def test_an_answer_that_nobody_takes_is_given_up_and_a_slow_reader_is_not() -> None:
    connections = Connections(10, head_s=NEVER_S, idle_s=0.5)
    async with serving(connections) as port:
        _, lazy = await asyncio.open_connection("127.0.0.1", port, limit=1_024)
        slow_reader, slow = await asyncio.open_connection("127.0.0.1", port)
        for writer in (lazy, slow):
            writer.write(GET.replace(b"GET / ", b"GET /big "))
        taken = 0
        while taken < BIG:
            taken += len(await slow_reader.readexactly(min(1_000_000, BIG - taken)))
            await asyncio.sleep(0.02)
        # More than the deadline has passed, twice over.
        slow.close()
        await until_none(connections)
        lazy.close()


async def asked(port: int, path: str) -> bytes:
    """Return all that a new connection is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET.replace(b"GET / ", f"GET {path} ".encode()))
    answer = await ended(reader)
    writer.close()
    return answer


async def test_more_connections_than_allowed_are_refused_and_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    connections = Connections(2, NEVER_S, NEVER_S)
    async with serving(connections) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for _ in range(3):
            answer = await asked(port, "/")
            assert answer.startswith(b"HTTP/1.1 503")
            assert b"the page has 2 connections and takes no more" in answer
        assert caplog.messages == [
            "the page has 2 connections and refuses more (EGOLOG_WEB_CONNECTIONS_MAX)"
        ]
        held[0][1].close()
        while len(connections) == 2:
            await asyncio.sleep(0.01)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        for each in (writer, held[1][1]):
            each.close()
        await until_none(connections)


@pytest.mark.parametrize("path", ["/metrics", "/api/health/live"])
async def test_monitors_are_answered_while_readers_have_all_connections(path: str) -> None:
    connections = Connections(2, NEVER_S, NEVER_S)
    async with serving(connections) as port:
        # Some more wait for room, and say nothing.
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2 + 3 * SPARE)]
        assert len(connections) == 2 + SPARE
        for _ in range(2 * SPARE):
            assert (await asked(port, path)).endswith(b"\r\n\r\nok")
        for _, writer in held[:2]:
            # Those that were there are still served.
            writer.write(GET)
        for reader, _ in held[:2]:
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        for _, writer in held:
            writer.close()
        await until_none(connections)


async def test_connections_for_monitors_that_are_being_answered_are_not_ended() -> None:
    connections = Connections(1, NEVER_S, NEVER_S)
    async with serving(connections) as port:
        _, held = await asyncio.open_connection("127.0.0.1", port)
        answers = [asyncio.create_task(asked(port, "/metrics/slow")) for _ in range(SPARE)]
        while sum(not each.waits for each in connections._open.values()) < SPARE:
            await asyncio.sleep(0.01)
        assert await asked(port, "/metrics") == b""
        assert all(answer.endswith(b"ok") for answer in await asyncio.gather(*answers))
        held.close()
        await until_none(connections)


async def test_the_faust_worker_listens_under_these_rules(store: LogStore) -> None:
    connections = Connections(10, head_s=0.2)
    app = faust.App(
        "connections", broker="kafka://127.0.0.1:1", web_bind="127.0.0.1", web_port=free_port()
    )
    register(app, PageSources(lambda: store), connections)
    async with app.web:
        reader, writer = await asyncio.open_connection("127.0.0.1", app.conf.web_port)
        assert await ended(reader) == b""
        writer.close()


async def until_none(connections: Connections) -> None:
    while len(connections):
        await asyncio.sleep(0.01)
