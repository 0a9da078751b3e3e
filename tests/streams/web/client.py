"""A client of the page and its interface, without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from streams.web.routes import PageSources, install

if TYPE_CHECKING:
    from infra.daily_log.store import LogStore

Client = TestClient[web.Request, web.Application]


async def serve(store: LogStore | None, **options: Any) -> Client:
    application = web.Application()
    install(application, PageSources(lambda: store, **options))
    client = TestClient(TestServer(application))
    await client.start_server()
    return client


async def get(client: Client, path: str, status: int = 200, **headers: str) -> Any:
    async with client.get(path, headers=headers) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()
