from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from streams.web.access import Access
from streams.web.guard import HEADERS
from streams.web.not_found import takes_html
from streams.web.routes import PageSources, install

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.streams.web.client import Client

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    application = web.Application()
    install(application, PageSources(lambda: None))
    async with TestClient(TestServer(application)) as client:
        yield client


async def test_a_browser_gets_a_page_that_names_the_address_and_links_to_the_log(
    client: Client,
) -> None:
    async with client.get("/nowhere", headers=BROWSER) as answer:
        assert (answer.status, answer.content_type) == (404, "text/html")
        page = await answer.text()
        assert "No page at /nowhere<" in page
        assert '<a href="/">' in page
        assert answer.headers["Vary"] == "Accept"
        for name, value in HEADERS.items():
            assert answer.headers[name] == value


@pytest.mark.parametrize("headers", [{}, {"Accept": "application/json"}, {"Accept": "*/*"}])
async def test_everybody_else_gets_the_json_error(client: Client, headers: dict[str, str]) -> None:
    async with client.get("/nowhere", headers=headers) as answer:
        assert (answer.status, answer.content_type) == (404, "application/json")
        assert await answer.json() == {"error": "GET /nowhere: Not Found"}
        assert answer.headers["Vary"] == "Accept"


async def test_an_address_is_text_whatever_it_holds(client: Client) -> None:
    async with client.get("/<script>$address&amp;%ff" + "x" * 200, headers=BROWSER) as answer:
        page = await answer.text()
        assert "No page at /&lt;script&gt;$address&amp;amp;%FFxxx" in page
        assert "x" * 101 not in page


async def test_a_known_address_keeps_its_json_errors(client: Client) -> None:
    for method, path, status in (
        ("GET", "/static/nothing.js", 404),
        ("GET", "/api/v1/hours", 503),
        ("DELETE", "/api/log", 405),
    ):
        async with client.request(method, path, headers=BROWSER) as answer:
            assert (answer.status, answer.content_type) == (status, "application/json")


async def test_without_the_token_no_address_is_unknown() -> None:
    application = web.Application()
    install(application, PageSources(lambda: None, access=Access("sixteen-letters-at-least")))
    async with (
        TestClient(TestServer(application)) as client,
        client.get("/nowhere", headers=BROWSER) as answer,
    ):
        assert (answer.status, answer.content_type) == (401, "application/json")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (["text/html"], True),
        (["application/json", "TEXT/HTML;q=0.5"], True),
        (["text/html;q=0, */*"], False),
        (["text/html; q=0.0"], False),
        (["text/html-not"], False),
        ([], False),
    ],
)
def test_html_is_taken_where_it_is_named(accept: list[str], expected: bool) -> None:
    assert takes_html(accept) is expected
