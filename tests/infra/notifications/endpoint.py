"""A target of notifications."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.test_utils import TestServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Endpoint:
    """A real HTTP server that keeps what it was asked, and answers as it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.status = 200
        self.wait_s = 0.0

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.path, dict(request.headers), await request.json()))
        await asyncio.sleep(self.wait_s)
        return web.Response(status=self.status, headers={"Location": "/elsewhere"})


@asynccontextmanager
async def serve_endpoint() -> AsyncIterator[tuple[Endpoint, str]]:
    endpoint = Endpoint()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", endpoint.answer)
    async with TestServer(application) as server:
        yield endpoint, str(server.make_url("/")).rstrip("/")
