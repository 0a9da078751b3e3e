from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from infra import clock
from infra.settings import load
from streams.web import login
from streams.web.access import COOKIE, COOKIE_S, Access
from streams.web.routes import PageSources, install

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from infra.daily_log.store import LogStore
    from tests.streams.web.client import Client

Serve = Any

TOKEN = "sixteen-letters-at-least"
PRIVATE = ["/api/devices", "/api/log?device=d1", "/api/timeline?device=d1", "/metrics", "/nothing"]


@pytest.fixture
async def serve(store: LogStore) -> AsyncIterator[Callable[[Access], Any]]:
    clients: list[Client] = []

    async def start(access: Access) -> Client:
        application = web.Application()
        install(application, PageSources(lambda: store, access=access))
        clients.append(TestClient(TestServer(application)))
        await clients[-1].start_server()
        return clients[-1]

    yield start
    for client in clients:
        await client.close()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("path", PRIVATE)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer("wrong"),
        bearer(TOKEN + "x"),
        bearer("\udcff"),
        {"Authorization": TOKEN},
        {"Authorization": f"Basic {TOKEN}"},
        {"Cookie": f"{COOKIE}={TOKEN}"},
        {"Cookie": f"{COOKIE}=9999999999."},
    ],
)
async def test_without_the_token_nothing_of_the_log_is_served(
    serve: Serve, path: str, headers: dict[str, str]
) -> None:
    client = await serve(Access(TOKEN))
    async with client.get(path, headers=headers) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="egolog"'
        assert "Authorization: Bearer" in (await answer.json())["error"]


async def test_the_token_opens_everything(serve: Serve) -> None:
    client = await serve(Access(TOKEN))
    for path in ("/", "/api/devices", "/metrics", "/api/health"):
        async with client.get(path, headers=bearer(TOKEN)) as answer:
            assert answer.status == 200
    async with client.get("/nothing", headers=bearer(TOKEN)) as answer:
        assert answer.status == 404


async def test_a_browser_logs_in_once_and_out_again(serve: Serve) -> None:
    client = await serve(Access(TOKEN))
    async with client.get("/") as page:
        assert page.status == 401
        assert 'action="/login"' in await page.text()
        assert "form-action 'self'" in page.headers["Content-Security-Policy"]
    async with client.post("/login", data={"token": TOKEN}, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        cookie = answer.cookies[COOKIE]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
        assert TOKEN not in cookie.value
    jar = {COOKIE: cookie.value}
    async with client.get("/", cookies=jar) as page:
        assert page.status == 200
        assert 'id="status"' in await page.text()
    async with client.get("/api/devices", cookies=jar) as answer:
        assert answer.status == 200
    async with client.post("/logout", cookies=jar, allow_redirects=False) as answer:
        assert answer.cookies[COOKIE].value == ""


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/?device=d1&span=3600000&end=1763625600000&at=1763625000000&zone=Asia%2FTokyo",
        "/settings?device=a+%22b%22%3E%26c",
        "/sensor",
    ],
)
async def test_a_login_leads_to_the_page_that_was_asked_for(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr(login, "_WRONG_S", 0.0)
    client = await serve(Access(TOKEN))

    async def target(answer: Any) -> str:
        [value] = re.findall(r'name="next" value="([^"]*)"', await answer.text())
        return unescape(value)

    async with client.get(address) as page:
        assert page.status == 401
        asked = await target(page)
    # Also after a token that is mistyped.
    async with client.post("/login", data={"token": "wrong", "next": asked}) as page:
        assert await target(page) == asked
    form = {"token": TOKEN, "next": asked}
    async with client.post("/login", data=form, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, address)


@pytest.mark.parametrize(
    "hostile",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "\t//evil.example",
        "https://evil.example/",
        "https:evil.example",
        "HTTPS://evil.example",
        "javascript:alert(1)",
        "data:text/html,evil",
        "%2F%2Fevil.example",
        "/%2Fevil.example",
        "/%5Cevil.example",
        "/%09/evil.example",
        "/@evil.example",
        "@evil.example",
        ".evil.example",
        "evil.example",
        "/.//evil.example",
        "/settings/..//evil.example",
        "/settings@evil.example",
        "/api/v1/export?device=d1",
        "/logout",
        "/\r\nSet-Cookie: a=b",
        "",
        "#//evil.example",
    ],
)
async def test_a_login_leads_to_no_other_site(serve: Serve, hostile: str) -> None:
    client = await serve(Access(TOKEN))
    form = {"token": TOKEN, "next": hostile}
    async with client.post("/login", data=form, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/")


async def test_what_follows_a_page_of_ours_stays_a_query(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "_WRONG_S", 0.0)
    client = await serve(Access(TOKEN))
    for query, written in (
        ("//evil.example", "/?%2F%2Fevil.example="),
        ("at=1\r\nSet-Cookie: a=b", "/?at=1%0D%0ASet-Cookie%3A+a%3Db"),
        ('a="><script>', "/?a=%22%3E%3Cscript%3E"),
    ):
        form = {"token": TOKEN, "next": f"/?{query}"}
        async with client.post("/login", data=form, allow_redirects=False) as answer:
            assert answer.headers["Location"] == written
            assert "a" not in answer.cookies
        async with client.post("/login", data={**form, "token": "wrong"}) as page:
            assert f'value="{written}"' in await page.text()


async def test_a_wrong_token_at_the_login_leaves_no_cookie(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "_WRONG_S", 0.0)
    client = await serve(Access(TOKEN))
    for form in ({"token": "wrong"}, {}):
        async with client.post("/login", data=form, allow_redirects=False) as answer:
            assert answer.status == 401
            assert COOKIE not in answer.cookies
            assert 'role="alert">' in await answer.text()


async def test_a_cookie_ends(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    access = Access(TOKEN)
    client = await serve(access)
    jar = {COOKIE: access.cookie()}
    now = clock.now_s()
    for later, status in ((COOKIE_S - 60, 200), (COOKIE_S + 1, 401)):
        monkeypatch.setattr("infra.clock.now_s", lambda later=later: now + later)
        async with client.get("/api/devices", cookies=jar) as answer:
            assert answer.status == status


async def test_a_cookie_of_another_token_or_time_is_none(serve: Serve) -> None:
    client = await serve(Access(TOKEN))
    until, _, signature = Access(TOKEN).cookie().partition(".")
    for value in (Access(TOKEN + "x").cookie(), f"{int(until) + 1}.{signature}", until):
        async with client.get("/api/devices", cookies={COOKIE: value}) as answer:
            assert answer.status == 401


async def test_whoever_asks_for_health_learns_whether_the_worker_is_well(serve: Serve) -> None:
    client = await serve(Access(TOKEN))
    for path in ("/api/health", "/api/health/live", "/api/health/ready"):
        async with client.get(path) as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ok"})


async def test_a_worker_that_is_not_well_tells_strangers_no_reason() -> None:
    application = web.Application()
    install(application, PageSources(lambda: None, access=Access(TOKEN)))
    async with TestClient(TestServer(application)) as client:
        async with client.get("/api/health") as answer:
            assert (answer.status, await answer.json()) == (503, {"error": "not well"})
        async with client.get("/api/health", headers=bearer(TOKEN)) as answer:
            assert "connecting" in (await answer.json())["error"]


async def test_the_pages_own_files_are_no_secret(serve: Serve) -> None:
    client = await serve(Access(TOKEN))
    async with client.get("/static/page.css") as answer:
        assert answer.status == 200


async def test_a_trusted_proxy_needs_no_token(serve: Serve) -> None:
    here = load(env_file=None, web_trusted_proxy="10.0.0.0/8, 127.0.0.1", web_token=TOKEN)
    client = await serve(Access.of(here))
    async with client.get("/api/devices") as answer:
        assert answer.status == 200
    form = {"token": TOKEN}
    headers = {"X-Forwarded-Proto": "https"}
    async with client.post("/login", data=form, headers=headers, allow_redirects=False) as answer:
        assert answer.cookies[COOKIE]["secure"]


async def test_without_a_token_nobody_else_than_the_proxy_may_ask(serve: Serve) -> None:
    client = await serve(Access.of(load(env_file=None, web_trusted_proxy="10.0.0.0/8")))
    for path in ("/", *PRIVATE):
        async with client.get(path) as answer:
            assert answer.status == 403
    async with client.get("/api/health") as answer:
        assert answer.status == 200


async def test_only_hosts_of_the_setting_and_loopbacks_own_are_served(serve: Serve) -> None:
    client = await serve(Access.of(load(env_file=None, web_hosts="Log.example.org,10.0.0.1")))
    served = {
        "log.example.org": 200,
        "10.0.0.1:6066": 200,
        "localhost": 200,
        "evil.example": 421,
        "example.org": 421,
    }
    for host, status in served.items():
        async with client.get("/api/devices", headers={"Host": host}) as answer:
            assert answer.status == status, host


async def test_a_probe_by_a_pods_address_gets_the_state_of_health_and_no_more(
    serve: Serve,
) -> None:
    client = await serve(Access.of(load(env_file=None, web_hosts="log.home", web_token=TOKEN)))
    for path in ("/api/health/live", "/api/health/ready", "/api/health"):
        async with client.get(path, headers={"Host": "10.1.2.3:6066"}) as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ok"}), path


async def test_a_program_that_shows_the_token_may_ask_by_a_pods_address(serve: Serve) -> None:
    client = await serve(Access.of(load(env_file=None, web_hosts="log.home", web_token=TOKEN)))
    shown = {f"Bearer {TOKEN}": 200, f"Bearer {TOKEN}x": 421}
    for value, status in shown.items():
        headers = {"Host": "10.1.2.3:6066", "Authorization": value}
        async with client.get("/api/devices", headers=headers) as answer:
            assert answer.status == status


def test_rules_show_no_token() -> None:
    assert TOKEN not in repr(Access(TOKEN))
