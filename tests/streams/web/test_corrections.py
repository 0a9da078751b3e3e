from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from infra.model_store.history import Attempt
from streams.web.access import Access
from streams.web.routes import PageSources, install
from tests.streams.synthetic_log import MORNING, NS, PLAN, day, put

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from infra.daily_log.store import LogStore
    from schemas import Correction

PATH = "/api/v1/corrections"
HEADERS = {"X-EgoLog": "1"}
START = MORNING * NS


class Site:
    def __init__(self) -> None:
        self.published: list[Correction] = []

    async def publish(self, correction: Correction) -> None:
        self.published.append(correction)

    async def attempts(self) -> list[Attempt]:
        common: dict[str, Any] = {"model": "scenario", "state": "accepted", "reason": "better"}
        return [
            Attempt(**common, revision="a" * 12, created_ns=1, after={"queue_f1": 0.5}),
            Attempt(
                **common,
                revision="b" * 12,
                created_ns=2_000_000,
                before={"wearer_f1": 0.41},
                after={"wearer_f1": 0.66, "wearer_windows": 12.0},
            ),
        ]


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
async def client(store: LogStore, site: Site) -> AsyncIterator[TestClient[Any, Any]]:
    await put(store, day(plan=PLAN[:1]))
    application = web.Application()
    install(application, PageSources(lambda: store, publish=site.publish, attempts=site.attempts))
    serving: TestClient[Any, Any] = TestClient(TestServer(application))
    await serving.start_server()
    yield serving
    await serving.close()


def change(**more: Any) -> dict[str, Any]:
    part = {"from": str(START), "to": str(START + 300 * NS), "labels": ["Cooking"]}
    return {"device": "glasses-01", "action": "correct", "parts": [part], **more}


async def said(client: TestClient[Any, Any], **more: Any) -> dict[str, Any]:
    async with client.post(PATH, json=change(**more), headers=HEADERS) as answer:
        assert answer.status == 201, await answer.text()
        return dict(await answer.json())


async def test_a_change_is_published_and_drawn_at_once(
    client: TestClient[Any, Any], site: Site
) -> None:
    done = await said(client, author="Ada")
    assert [each.correction_id for each in site.published] == [done["id"]]
    assert (done["before"], done["after"], done["by"]) == (["Daily hygiene"], ["Cooking"], "Ada")
    async with client.get("/api/timeline?device=glasses-01") as answer:
        drawn = await answer.json()
    assert [each["leading"] for each in drawn["scenarios"][:11]] == ["Cooking"] * 10 + [
        "Daily hygiene"
    ]
    assert drawn["scenarios"][0]["corrected"] == {
        "labels": ["Cooking"],
        "by": "Ada",
        "id": done["id"],
        "confirmed": False,
    }
    assert drawn["scenarios"][0]["smoothed"] == [["Cooking", 1.0]]
    assert [each["id"] for each in drawn["corrections"]] == [done["id"]]


async def test_what_is_right_is_confirmed_and_says_so(
    client: TestClient[Any, Any], site: Site
) -> None:
    part = {"from": str(START), "to": str(START + 60 * NS), "labels": ["Daily hygiene"]}
    done = await said(client, action="confirm", parts=[part])
    assert [each.action for each in site.published] == ["confirm"]
    assert (done["before"], done["after"]) == (["Daily hygiene"], ["Daily hygiene"])
    span = f"device=glasses-01&from={START}&to={START + 90 * NS}"
    async with client.get(f"/api/log?{span}&format=json") as answer:
        records = (await answer.json())["scenarios"]
    assert [each["corrected"] and each["corrected"]["confirmed"] for each in records] == [
        True,
        True,
        None,
    ]
    async with client.get(f"/api/log?{span}&format=csv") as answer:
        assert "corrected.confirmed" in (await answer.text()).splitlines()[0]
    async with client.get(f"/api/v1/hours?{span}") as answer:
        [hour] = (await answer.json())["hours"]
    *_, flags, _, _ = hour["scenarios"]
    assert flags[:3] == [96, 96, 0]
    stale = {**part, "labels": ["Cooking"]}
    body = change(action="confirm", parts=[stale])
    async with client.post(PATH, json=body, headers=HEADERS) as answer:
        assert answer.status == 400
        assert "the log says 'Daily hygiene'" in (await answer.json())["error"]


async def test_an_activity_and_an_added_span_are_drawn_too(client: TestClient[Any, Any]) -> None:
    part = {"from": str(START), "to": str(START + 10 * NS), "labels": ["yodelling"]}
    await said(client, row="activity", parts=[part])
    away = {"from": str(START - 600 * NS), "to": str(START), "labels": ["Cooking"]}
    await said(client, action="add", parts=[away])
    gone = {"from": str(START + 10 * NS), "to": str(START + 20 * NS), "labels": []}
    await said(client, row="activity", action="delete", parts=[gone])
    span = f"from={START - 600 * NS}&to={START + 60 * NS}"
    async with client.get(f"/api/timeline?device=glasses-01&{span}") as answer:
        drawn = await answer.json()
    names = [(drawn["names"][each[2]], each[4] & 32) for each in drawn["activities"][:3]]
    assert names[:2] == [("yodelling", 32)] * 2
    assert drawn["activities"][2][0] == (START + 20 * NS) // 1_000_000
    [added] = drawn["added"]
    assert (added["start"], added["end"], added["corrected"]["labels"]) == (
        (START - 600 * NS) // 1_000_000,
        START // 1_000_000,
        ["Cooking"],
    )


async def test_corrections_are_listed_and_taken_back(client: TestClient[Any, Any]) -> None:
    done = await said(client)
    back = await said(client, action="undo", undoes=done["id"], parts=[])
    async with client.get(f"{PATH}?device=glasses-01") as answer:
        listed = await answer.json()
    assert [(each["id"], each["standing"]) for each in listed] == [
        (back["id"], True),
        (done["id"], False),
    ]


async def test_what_was_learned_is_listed_with_the_figures_before_and_after(
    client: TestClient[Any, Any],
) -> None:
    await said(client)
    async with client.get("/api/v1/learned?device=glasses-01") as answer:
        learned = await answer.json()
    assert learned["corrections"] == 1
    assert [
        (each["revision"], each["windows"], each["f1_before"], each["f1_after"])
        for each in learned["revisions"]
    ] == [("b" * 12, 12, 0.41, 0.66)]


@pytest.mark.parametrize(
    ("headers", "status", "why"),
    [
        ({}, 403, "header X-EgoLog is missing"),
        ({**HEADERS, "Origin": "https://evil.example"}, 403, "origin 'https://evil.example'"),
        ({**HEADERS, "Sec-Fetch-Site": "cross-site"}, 403, "another site (cross-site)"),
        ({**HEADERS, "Sec-Fetch-Site": "same-site"}, 403, "another site (same-site)"),
        ({**HEADERS, "Content-Type": "text/plain"}, 415, "expected application/json"),
        ({**HEADERS, "Origin": "null"}, 403, "origin 'null'"),
    ],
)
async def test_no_page_elsewhere_can_change_the_log(
    client: TestClient[Any, Any], site: Site, headers: dict[str, str], status: int, why: str
) -> None:
    async with client.post(PATH, json=change(), headers=headers) as answer:
        assert answer.status == status
        assert why in (await answer.json())["error"]
    assert site.published == []


async def test_behind_a_proxy_the_own_page_may_by_the_name_that_it_is_asked_by(
    store: LogStore, site: Site
) -> None:
    await put(store, day(plan=PLAN[:1]))
    application = web.Application()
    access = Access(hosts=("log.home", "127.0.0.1"))
    install(application, PageSources(lambda: store, publish=site.publish, access=access))
    async with TestClient(TestServer(application)) as client:
        for origin, status in (("https://log.home", 201), ("https://log.home.evil", 403)):
            headers = {**HEADERS, "Origin": origin, "Sec-Fetch-Site": "same-origin"}
            async with client.post(PATH, json=change(), headers=headers) as answer:
                assert answer.status == status, await answer.text()


async def test_the_own_page_may(client: TestClient[Any, Any]) -> None:
    own = f"http://127.0.0.1:{client.port}"
    headers = {**HEADERS, "Origin": own, "Sec-Fetch-Site": "same-origin"}
    async with client.post(PATH, json=change(), headers=headers) as answer:
        assert answer.status == 201, await answer.text()


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b"{", 400, "body is not JSON"),
        (b"[1]", 400, "valid dictionary"),
        (b'{"device": "nobody", "action": "delete"}', 404, "device 'nobody' has no log"),
        (b'{"device": "glasses-01", "action": "correct"}', 400, "parts are missing"),
        (b" " * 70_000, 413, "bytes"),
    ],
)
async def test_what_cannot_be_done_is_one_line(
    client: TestClient[Any, Any], body: bytes, status: int, why: str
) -> None:
    headers = {**HEADERS, "Content-Type": "application/json"}
    async with client.post(PATH, data=body, headers=headers) as answer:
        assert answer.status == status
        assert why in (await answer.json())["error"]


async def test_without_a_broker_nothing_can_be_changed(store: LogStore) -> None:
    application = web.Application()
    install(application, PageSources(lambda: store))
    async with (
        TestClient(TestServer(application)) as client,
        client.post(PATH, json=change(), headers=HEADERS) as answer,
    ):
        assert answer.status == 503
