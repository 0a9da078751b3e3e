from __future__ import annotations

import asyncio
import csv
import io
import re
from importlib import resources
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import faust
import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry, Counter
from redis.asyncio import Redis

from infra.daily_log.export import from_json
from infra.daily_log.records import content
from infra.daily_log.store import LogStore
from streams.web import guard
from streams.web.access import Access
from streams.web.health import NoVitals
from streams.web.routes import PageSources, register
from tests.infra.daily_log.csv_log import from_csv
from tests.infra.daily_log.stored_records import scenario
from tests.streams.synthetic_log import MORNING, NS, PLAN, Records, day, put
from tests.streams.web.client import Client, get, serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

START = MORNING * NS


@pytest.fixture(scope="module")
def made() -> Records:
    return day(plan=PLAN[:2])


@pytest.fixture
async def client(store: LogStore) -> AsyncIterator[Client]:
    serving = await serve(store)
    yield serving
    await serving.close()


async def test_devices_are_listed_with_what_they_span(client: Client, records: Records) -> None:
    (device,) = await get(client, "/api/devices")
    assert (device["device_id"], device["scenarios"], device["activities"]) == (
        "glasses-01",
        90,
        540,
    )
    assert (device["first"], device["last"]) == ("2025-11-20T07:30:00Z", "2025-11-20T08:15:00Z")


async def test_the_log_is_every_record_in_full(
    client: Client, records: Records, store: LogStore
) -> None:
    async with client.get("/api/log?device=glasses-01") as answer:
        found = from_json(await answer.text())
    assert len(found.scenarios) == 90
    assert content(found) == content(await store.read("glasses-01", 0, 2**62))


@pytest.mark.parametrize(
    ("path", "accept"),
    [("/api/log?device=glasses-01&format=csv", "*/*"), ("/api/log?device=glasses-01", "text/csv")],
)
async def test_the_same_log_comes_as_csv(
    client: Client, records: Records, store: LogStore, path: str, accept: str
) -> None:
    async with client.get(path, headers={"Accept": accept}) as answer:
        assert answer.content_type == "text/csv"
        name = 'attachment; filename="egolog-glasses-01-2025-11-20.csv"'
        assert answer.headers["Content-Disposition"] == name
        text = (await answer.read()).decode()
    assert len(list(csv.reader(io.StringIO(text)))) == 1 + 90 + 540
    assert content(from_csv(text)) == content(await store.read("glasses-01", 0, 2**62))


async def test_from_and_to_cut_the_log(client: Client, records: Records) -> None:
    span = "from=2025-11-20T07:40:00Z&to=2025-11-20T07:41:00Z"
    found = await get(client, f"/api/log?device=glasses-01&{span}")
    assert (len(found["scenarios"]), len(found["activities"])) == (2, 12)


async def test_without_a_span_the_last_day_of_event_time_is_meant(
    client: Client, store: LogStore, records: Records
) -> None:
    await put(store, day(start_s=MORNING + 2 * 86_400, plan=PLAN[:1]))
    found = await get(client, "/api/log?device=glasses-01")
    assert len(found["scenarios"]) == 2 * PLAN[0].minutes


@pytest.mark.parametrize(
    ("path", "parameter", "wants"),
    [
        ("/api/log", "device", "GET /api/devices"),
        ("/api/log?device=glasses-01&from=noon", "from", "ISO 8601"),
        ("/api/log?device=glasses-01&to=noon", "to", "ISO 8601"),
        ("/api/log?device=glasses-01&format=xml", "format", "json or csv"),
        ("/api/log?device=glasses-01&until=1", "until", "one of device, format, from, to"),
        ("/api/timeline?device=glasses-01&since=x", "since", "a revision"),
        ("/api/devices?all=1", "all", "one of"),
    ],
)
async def test_a_bad_parameter_is_named_with_its_value_and_what_would_be_right(
    client: Client, records: Records, path: str, parameter: str, wants: str
) -> None:
    answer = await get(client, path, status=400)
    assert answer["parameter"] == parameter
    assert wants in answer["expected"]
    assert answer["want"] == answer["expected"]
    assert parameter in answer["error"]
    assert answer["expected"] in answer["error"]


@pytest.mark.parametrize("device", ["nobody", "%3Cscript%3E", "a%0Ab", "%00", "x" * 500])
@pytest.mark.parametrize("path", ["/api/log", "/api/timeline"])
async def test_an_unknown_device_is_not_found(
    client: Client, records: Records, path: str, device: str
) -> None:
    answer = await get(client, f"{path}?device={device}", status=404)
    assert "has no log" in answer["error"]


async def test_the_timeline_smooths_over_the_ten_minutes_before_its_start(
    client: Client, records: Records
) -> None:
    whole = await get(client, "/api/timeline?device=glasses-01")
    late = await get(client, "/api/timeline?device=glasses-01&from=2025-11-20T08:00:00Z")
    assert late["from_ms"] == (START + 1800 * NS) // 1_000_000
    assert late["scenarios"] == whole["scenarios"][-len(late["scenarios"]) :]


async def test_the_timeline_answers_with_what_changed_and_nothing_else(
    client: Client, store: LogStore, records: Records
) -> None:
    first = await get(client, "/api/timeline?device=glasses-01")
    again = f"/api/timeline?device=glasses-01&since={first['revision']}"
    same = {"revision": 0, "silent_s": 0}
    assert await get(client, again) | same == first | same | {
        "from_ms": None,
        "scenarios": [],
        "activities": [],
        "names": [],
    }
    late = records.scenarios[70].model_copy(update={"scenarios": {"Handyman": 1.0}})
    await store.put_scenarios([late])
    changed = await get(client, again)
    assert changed["from_ms"] <= late.start_ns // 1_000_000
    assert len(changed["scenarios"]) < 40
    assert changed["revision"] > first["revision"]
    row = next(r for r in changed["scenarios"] if r["start"] == late.start_ns // 1_000_000)
    assert row["local"] == [["Handyman", 1.0]]


async def test_health_names_what_keeps_the_worker_from_its_work(store: LogStore) -> None:
    class Ill(NoVitals):
        missing: str | None = None
        stands: str | None = None

        def problem(self) -> str | None:
            return self.missing

        def stuck(self) -> str | None:
            return self.stands

    vitals = Ill()
    client = await serve(store, vitals=vitals)
    vitals.missing = "topic windows is missing"
    for path in ("/api/health", "/api/health/ready"):
        assert await get(client, path, status=503) == {"error": "topic windows is missing"}
    await get(client, "/api/health/live")
    await get(client, "/api/devices")
    vitals.missing, vitals.stands = None, "nothing was processed"
    for path in ("/api/health", "/api/health/live"):
        assert await get(client, path, status=503) == {"error": "nothing was processed"}
    await get(client, "/api/health/ready")
    await client.close()


async def test_health_tells_what_became_of_the_newest_question(store: LogStore) -> None:
    model = SimpleNamespace(state="no answer within 20 s")
    client = await serve(store, llm=lambda: (model, "small-model"))
    # A worker is well without its language model.
    assert (await get(client, "/api/health"))["language_model"] == "no answer within 20 s"
    assert "language_model" not in await get(client, "/api/health/ready")
    model.state = "answers"
    assert (await get(client, "/api/health"))["language_model"] == "answers"
    await client.close()
    client = await serve(store)
    assert "language_model" not in await get(client, "/api/health")
    await client.close()


async def test_health_asks_the_store_once_however_many_devices_log() -> None:
    asked: list[Any] = []

    class Counting:
        async def scard(self, key: str) -> int:
            asked.append(key)
            return 1_000

    counting: Any = Counting()
    client = await serve(LogStore(counting, "page", retention_days=1))
    assert (await get(client, "/api/health"))["devices"] == 1_000
    assert len(asked) == 1
    await client.close()


async def test_devices_come_in_pages_whose_links_lead_through_all(store: LogStore) -> None:
    names = [f"d{number:03}" for number in range(250)]
    await store.put_scenarios([scenario(START, name) for name in names])
    client = await serve(store)
    assert [d["device_id"] for d in await get(client, "/api/devices")] == names
    path: str | None = "/api/devices?limit=120"
    seen: list[str] = []
    while path is not None:
        async with client.get(path) as answer:
            seen += [device["device_id"] for device in await answer.json()]
            link = answer.headers.get("Link")
            path = None if link is None else link.partition(">")[0][1:]
    assert seen == names
    assert "from 1 to 1000" in (await get(client, "/api/devices?limit=0", status=400))["error"]
    await client.close()


async def test_the_timeline_says_for_how_long_nothing_came_in(
    client: Client, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/api/timeline?device=glasses-01"
    first = await get(client, path)
    assert 0 <= first["silent_s"] < 300
    monkeypatch.setattr("infra.clock.now_ns", lambda: (first["revision"] + 840_000) * 10**6)
    assert (await get(client, path))["silent_s"] == pytest.approx(840, abs=1)
    # A worker whose clock is behind the store's.
    monkeypatch.setattr("infra.clock.now_ns", lambda: (first["revision"] - 5_000) * 10**6)
    assert (await get(client, f"{path}&since={first['revision']}"))["silent_s"] == 0


async def test_health_says_ok_while_the_store_answers(client: Client, records: Records) -> None:
    health = await get(client, "/api/health")
    assert (health["status"], health["devices"]) == ("ok", 1)


async def test_a_worker_that_still_connects_says_so() -> None:
    client = await serve(None)
    for path in ("/api/health", "/api/health/ready", "/api/devices", "/api/log?device=d1"):
        answer = await get(client, path, status=503)
        assert answer == {"error": "the worker is still connecting to the log store"}
    async with client.get("/") as page:
        assert page.status == 200
    await client.close()


@pytest.mark.parametrize("path", ["/api/health", "/api/devices", "/api/log?device=d1"])
async def test_a_store_that_is_gone_is_one_line_without_a_traceback(path: str) -> None:
    redis = Redis.from_url("redis://127.0.0.1:1/0")
    client = await serve(LogStore(redis, "page", retention_days=1))
    answer = await get(client, path, status=503)
    assert "log store" in answer["error"]
    assert "Traceback" not in str(answer)
    await client.close()
    await redis.aclose()


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (None, "no answer within 0 s; try a shorter span"),
        ("redis at r is not trusted", "no answer within 0 s: redis at r is not trusted"),
    ],
)
async def test_an_answer_that_takes_too_long_says_what_the_worker_lacks(
    monkeypatch: pytest.MonkeyPatch, problem: str | None, line: str
) -> None:
    class Waiting:
        async def page(self, *_: object) -> None:
            await asyncio.Event().wait()

    class Lacking(NoVitals):
        def problem(self) -> str | None:
            return problem

    monkeypatch.setattr(guard, "ANSWER_TIMEOUT_S", 0.01)
    client = await serve(Waiting(), vitals=Lacking())  # type: ignore[arg-type]
    assert await get(client, "/api/devices", status=503) == {"error": line}
    await client.close()


async def test_an_unexpected_failure_shows_nothing_of_the_inside() -> None:
    class Broken:
        async def devices(self) -> None:
            raise KeyError("secret detail")

    client = await serve(Broken())  # type: ignore[arg-type]
    answer = await get(client, "/api/devices", status=500)
    assert answer == {"error": "internal error; the worker's log says more"}
    await client.close()


async def test_metrics_are_prometheus_text() -> None:
    registry = CollectorRegistry()
    Counter("egolog_test", "a count", registry=registry).inc(3)
    client = await serve(None, registry=registry)
    async with client.get("/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        assert "egolog_test_total 3.0" in await answer.text()
    await client.close()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("page.js", "text/javascript"),
        ("page.css", "text/css"),
        ("icon.svg", "image/svg+xml"),
        ("index.html", "text/html"),
    ],
)
async def test_files_are_served_with_their_types(client: Client, name: str, kind: str) -> None:
    async with client.get(f"/static/{name}") as answer:
        assert (answer.status, answer.content_type) == (200, kind)
        etag = answer.headers["ETag"]
    async with client.get(f"/static/{name}", headers={"If-None-Match": etag}) as answer:
        assert answer.status == 304


@pytest.mark.parametrize(
    "path",
    ["/static/../views.py", "/static/..%2Fviews.py", "/static/%2e%2e%2fviews.py", "/static/", "/x"],
)
async def test_nothing_else_is_served(client: Client, path: str) -> None:
    async with client.get(path) as answer:
        assert answer.status == 404
        assert (await answer.json())["error"]


async def test_writing_is_not_possible(client: Client) -> None:
    async with client.post("/api/log") as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET,HEAD"


@pytest.mark.parametrize("path", ["/", "/api/devices", "/api/log", "/metrics", "/nothing"])
async def test_every_answer_has_the_strict_headers(client: Client, path: str) -> None:
    async with client.get(path) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_page_asks_no_other_host_and_holds_no_inline_code() -> None:
    names = {"http://www.w3.org/2000/svg"}
    files = list(resources.files("streams.web").joinpath("static").iterdir())
    assert {"index.html", "page.js"} <= {file.name for file in files}
    for file in files:
        text = file.read_text()
        assert set(re.findall(r"https?://[^\s\"'`)]+", text)) <= names, file.name
        assert "innerHTML" not in text, file.name
        if file.name.endswith(".html"):
            assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", text)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:6066", "[::1]:6066", "log.localhost"])
async def test_a_loopback_port_answers_to_loopback_names(client: Client, host: str) -> None:
    async with client.get("/api/devices", headers={"Host": host}) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", ""])
async def test_a_foreign_name_that_points_to_loopback_is_refused(client: Client, host: str) -> None:
    async with client.get("/api/devices", headers={"Host": host}) as answer:
        assert answer.status == 421


async def test_a_name_that_was_allowed_is_served(store: LogStore) -> None:
    client = await serve(store, access=Access(hosts=["log.example.org"]))
    async with client.get("/api/devices", headers={"Host": "log.example.org"}) as answer:
        assert answer.status == 200
    await client.close()


async def test_reading_a_long_day_leaves_the_loop_to_others(
    client: Client, store: LogStore
) -> None:
    await put(store, day(plan=[part for part in PLAN if part.minutes]))
    turns, done = 0, asyncio.Event()

    async def watch() -> None:
        nonlocal turns
        while not done.is_set():
            # Each turn waits for everything else that the loop has to do.
            await asyncio.sleep(0.005)
            turns += 1

    watching = asyncio.create_task(watch())
    await get(client, "/api/timeline?device=glasses-01")
    done.set()
    await watching
    # Counted and not timed, so that a busy machine does not decide the test: a day is read in
    # a dozen pieces.
    assert turns >= 5


async def test_the_faust_worker_serves_the_page_and_none_of_its_own(
    store: LogStore, records: Records
) -> None:
    app = faust.App("page-test", broker="kafka://127.0.0.1:1")
    register(app, PageSources(lambda: store))
    client = TestClient(TestServer(await app.web.wsgi()))
    await client.start_server()
    async with client.get("/") as page:
        assert "EgoLog" in await page.text()
    assert len(await get(client, "/api/devices")) == 1
    for path in ("/table/", "/router/", "/graph/", "/performance/"):
        await get(client, path, status=404)
    await client.close()
