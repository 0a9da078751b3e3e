from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from infra.notifications.journal import Journal
from infra.notifications.rules_file import NotificationPlan, Target
from schemas.notification import Condition, Rule
from streams.web.routes import PageSources, install
from tests.infra.notifications.endpoint import serve_endpoint
from tests.infra.notifications.numbered import notification
from tests.streams.synthetic_log import PLAN, day, put
from tests.streams.web.browser import tab
from tests.streams.web.site import DRAWN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from infra.daily_log.store import LogStore

PATH = "/api/v1/notifications"
HEADERS = {"X-EgoLog": "1"}
RULE = Rule("siren", "far siren > 0.8", Condition("sound", "siren", "far", 0.8), ("hook",))


class Site:
    """A page's server with one rule and one target, and the endpoint of that target."""

    def __init__(self, client: TestClient[Any, Any], endpoint: Any) -> None:
        self.client = client
        self.endpoint = endpoint

    async def get(self) -> Any:
        async with self.client.get(PATH) as answer:
            assert answer.status == 200
            return await answer.json()

    async def test(self, body: Any, **headers: str) -> tuple[int, Any]:
        asked = HEADERS | headers
        async with self.client.post(f"{PATH}/test", json=body, headers=asked) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def site(store: LogStore) -> AsyncIterator[Site]:
    async with serve_endpoint() as (endpoint, url):
        hook = Target(kind="webhook", url=SecretStr(f"{url}/SECRET"), token=SecretStr("SECRET"))
        application = web.Application()
        install(
            application, PageSources(lambda: store, plan=NotificationPlan((RULE,), {"hook": hook}))
        )
        async with TestClient(TestServer(application)) as client:
            yield Site(client, endpoint)


async def test_rules_targets_and_history_are_listed_without_secrets(
    site: Site, store: LogStore
) -> None:
    await Journal.of(store).commit("d", None, b"s", None, [(notification(1), ["hook"])])
    answer = await site.get()
    assert answer["rules"] == [
        {
            "name": "siren",
            "when": "far siren > 0.8",
            "tells": ["hook"],
            "device": None,
            "cool_down_s": 600.0,
        }
    ]
    [target] = answer["targets"]
    assert (target["name"], target["kind"]) == ("hook", "webhook")
    assert target["address"].endswith("/**********")
    assert "SECRET" not in str(answer)
    [row] = answer["history"]
    assert (row["device"], row["rule"], row["text"]) == ("d", "r", "d: 1")
    assert row["targets"] == {"hook": {"state": "waiting", "tries": 0, "error": None}}


async def test_a_test_tells_the_target(site: Site) -> None:
    assert await site.test({"target": "hook"}) == (
        200,
        {"target": "hook", "sent": True, "error": None},
    )
    [(path, _, body)] = site.endpoint.asked
    assert (path, body["rule"]) == ("/SECRET", "test")
    assert (await site.get())["history"] == []


async def test_a_test_that_fails_says_why(site: Site) -> None:
    site.endpoint.status = 403
    status, answer = await site.test({"target": "hook"})
    assert (status, answer["sent"]) == (200, False)
    assert answer["error"].endswith("it answers with status 403")
    assert "SECRET" not in answer["error"]


@pytest.mark.parametrize("body", [{}, {"target": "phone"}, {"target": 3}, ["hook"]])
async def test_a_target_that_is_not_there_is_refused(site: Site, body: Any) -> None:
    status, answer = await site.test(body)
    assert status == 400
    assert answer["expected"] == "one of hook"
    assert site.endpoint.asked == []


async def test_a_page_of_another_site_tests_nothing(site: Site) -> None:
    status, _ = await site.test({"target": "hook"}, Origin="https://elsewhere.example")
    assert status == 403
    async with site.client.post(f"{PATH}/test", json={"target": "hook"}) as answer:
        assert answer.status == 403
    assert site.endpoint.asked == []


async def test_the_page_lists_and_tests_targets(
    site: Site, store: LogStore, devtools: int, tmp_path: Path
) -> None:
    await put(store, day(plan=PLAN[:1]))
    await Journal.of(store).commit("d", None, b"s", None, [(notification(1), ["hook"])])
    url = str(site.client.make_url("/"))
    async with tab(devtools) as page:
        await page.open(url, height=1400)
        await page.until(DRAWN)
        await page.value("document.querySelector('#notifications').open = true")
        await page.until("document.querySelectorAll('#notifications-room button').length === 1")
        rules, target, history = await page.texts("#notifications-room li")
        assert rules == "siren notifies hook when far siren > 0.8"
        assert target.startswith("Test hook webhook, ")
        assert "SECRET" not in target
        assert history.endswith(" d: 1 (hook waiting)")
        await page.value("document.querySelector('#notifications-room button').click()")
        await page.until(
            "document.querySelector('#notifications-room [role=status]').textContent === ' sent'"
        )
        [(_, _, body)] = site.endpoint.asked
        assert body["rule"] == "test"
        site.endpoint.status = 403
        await page.value("document.querySelector('#notifications-room button').click()")
        await page.until("document.querySelector('#notifications-room').innerText.includes('403')")
        await page.screenshot(tmp_path / "notifications.png", whole=True)
        assert page.complaints == []
