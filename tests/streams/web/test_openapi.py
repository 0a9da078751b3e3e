from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from infra.daily_log.archive import restore
from streams.web.openapi.document import description
from streams.web.routes import PageSources, install
from tests.infra.daily_log.corrected_log import correction, named_span
from tests.infra.daily_log.csv_log import from_csv
from tests.streams.synthetic_log import MORNING, NS, PLAN, day, put

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from infra.daily_log.store import LogStore

METHODS = {"get", "put", "post", "delete", "patch"}


@pytest.fixture
async def client(store: LogStore) -> AsyncIterator[TestClient[Any, Any]]:
    await put(store, day(plan=PLAN[:2]))
    application = web.Application()
    install(application, PageSources(lambda: store))
    async with TestClient(TestServer(application)) as serving:
        yield serving


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from nodes(each)
    elif isinstance(value, list):
        for each in value:
            yield from nodes(each)


def test_every_address_below_api_is_described_and_nothing_else(store: LogStore) -> None:
    application = web.Application()
    install(application, PageSources(lambda: store))
    served = {
        (route.resource.canonical, route.method.lower())
        for route in application.router.routes()
        if route.resource is not None
        and route.resource.canonical.startswith("/api/")
        and route.method != "HEAD"
    }
    described = {(path, method) for path, item in description()["paths"].items() for method in item}
    assert described == served - {("/api/openapi.json", "get")}


def test_the_description_is_linted() -> None:
    document = description()
    assert document["openapi"].startswith("3.1")
    operations = [op for item in document["paths"].values() for op in item.values()]
    assert len({op["operationId"] for op in operations}) == len(operations)
    for path, item in document["paths"].items():
        assert set(item) <= METHODS, path
        for operation in item.values():
            assert operation["summary"]
            assert not operation["summary"].endswith(".")
            assert any(status.startswith("2") for status in operation["responses"])
            for parameter in operation["parameters"]:
                assert parameter["description"], (path, parameter["name"])
                assert parameter["schema"]
    for node in nodes(document):
        if "$ref" in node:
            found: Any = document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            assert found


async def test_each_address_takes_the_parameters_that_are_described(
    client: TestClient[Any, Any],
) -> None:
    for path, item in description()["paths"].items():
        if "get" not in item or path.startswith("/api/health") or path == "/api/v1/sensor":
            continue
        names = sorted(p["name"] for p in item["get"]["parameters"])
        async with client.get(path, params={"no-such": "1"}) as answer:
            answered = await answer.json()
            assert answer.status == 400, path
            assert answered["expected"] == f"one of {', '.join(names)}", path


async def test_the_place_of_a_sound_is_served_as_it_is_described(
    client: TestClient[Any, Any],
) -> None:
    described = description()["components"]["schemas"]["SoundPlace"]
    async with client.get("/api/log?device=glasses-01&format=json") as answer:
        records = (await answer.json())["scenarios"]
    places = [place for record in records for place in record["sound_places"].values()]
    assert places
    assert all(set(place) == set(described["properties"]) for place in places)
    async with client.get("/api/v1/export?device=glasses-01") as answer:
        assert '"direction_probability": 0.71' in await answer.text()


async def test_the_description_is_served(client: TestClient[Any, Any]) -> None:
    async with client.get("/api/openapi.json") as answer:
        assert answer.status == 200
        assert await answer.json() == description()


async def test_a_log_is_searched_in_words_and_by_name(client: TestClient[Any, Any]) -> None:
    async def hits(**query: str) -> Any:
        async with client.get("/api/v1/search", params={"device": "glasses-01", **query}) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    answered = await hits(words="frying near thursday morning zebra")
    assert answered["unknown_words"] == ["zebra"]
    assert answered["next"] is None
    assert answered["when"] == "Thursdays, 06:00 to 12:00"
    assert {hit["scenario"] for hit in answered["hits"]} == {"Cooking"}
    assert answered["hits"][0]["from"] == "2025-11-20T07:50:00Z"
    assert (await hits(words='"a note that nobody made"'))["hits"] == []
    none = await hits(words="frying friday")
    assert (none["hits"], none["log_days"]) == ([], "Thursday 20 November 2025")
    low = await hits(confidence_below="0.5")
    assert low["hits"]
    assert all(hit["confidence"] < 0.5 for hit in low["hits"])
    assert (await hits(activity="brushing teeth", where="near"))["hits"]
    assert (await hits(sound="cutlery", where="far,left"))["hits"]
    assert not (await hits(sound="cutlery", where="near"))["hits"]


async def test_a_search_finds_what_was_added_after_the_last_record(
    client: TestClient[Any, Any], store: LogStore
) -> None:
    later = MORNING + 86_400
    span = named_span(later, later + 3_600, "Driving")
    await store.put_corrections([correction(1, span, action="add", device_id="glasses-01")])
    query = {"device": "glasses-01", "scenario": "Driving"}
    for more, count in (({}, 1), ({"to": "2025-11-21T00:00:00Z"}, 0)):
        async with client.get("/api/v1/search", params=query | more) as answer:
            assert len((await answer.json())["hits"]) == count
    # The wearer's own name is understood in words as well.
    asked = {"device": "glasses-01", "words": "driving"}
    async with client.get("/api/v1/search", params=asked) as answer:
        assert [hit["scenario"] for hit in (await answer.json())["hits"]] == ["Driving"]


async def test_a_search_counts_from_the_present_in_the_zone_of_the_wearer(
    client: TestClient[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read(words: str, zone: str, **query: str) -> tuple[str, list[str]]:
        asked = {"device": "glasses-01", "words": words, "zone": zone, **query}
        async with client.get("/api/v1/search", params=asked) as answer:
            assert answer.status == 200, await answer.text()
            found = await answer.json()
            return found["when"], [hit["from"] for hit in found["hits"]]

    # Half past seven on Thursday evening in UTC is Friday morning in Auckland.
    monkeypatch.setattr("infra.clock.now_ns", lambda: (MORNING + 12 * 3_600) * NS)
    cooking, thursday = ["2025-11-20T07:50:00Z"], "Thursday 20 November 2025"
    assert await read("cooking today", "UTC") == (thursday, cooking)
    assert await read("cooking yesterday", "UTC") == ("Wednesday 19 November 2025", [])
    assert await read("cooking yesterday", "Pacific/Auckland") == (thursday, cooking)
    # Where it was ten to nine in the evening.
    evening = f"{thursday}, 20:00 to 21:00"
    assert await read("cooking yesterday at 8 pm", "Pacific/Auckland") == (evening, cooking)
    half_past = "2025-11-20T08:00:00Z"
    assert await read("cooking after 8:00 today", "UTC") == (
        f"{thursday}, 08:00 to 24:00",
        [half_past],
    )
    # Also within a span that is asked for.
    assert await read("cooking today", "UTC", **{"from": half_past}) == (thursday, [half_past])
    assert await read("cooking today", "UTC", to="2025-11-20T07:50:00Z") == (thursday, [])


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({}, "words"),
        ({"words": "zebra"}, "words"),
        ({"words": "cooking tomorrow"}, "words"),
        ({"words": "cooking 30 february"}, "words"),
        ({"where": "above"}, "where"),
        ({"confidence_from": "2"}, "confidence_from"),
        ({"scenario": "Eating", "zone": "Mars/Olympus"}, "zone"),
    ],
)
async def test_a_search_that_cannot_be_meant_is_refused(
    client: TestClient[Any, Any], query: dict[str, str], parameter: str
) -> None:
    async with client.get("/api/v1/search", params={"device": "glasses-01", **query}) as answer:
        assert answer.status == 400
        assert (await answer.json())["parameter"] == parameter


async def test_a_search_goes_on_where_it_was(
    client: TestClient[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.web.search.SEARCH_S", -1.0)
    query = {"device": "glasses-01", "scenario": "Cooking"}
    starts: list[str] = []
    going: str | None = "2025-11-20T07:00:00Z"
    while going is not None:
        params = {**query, "from": going}
        async with client.get("/api/v1/search", params=params) as answer:
            answered = await answer.json()
        starts += [hit["from"] for hit in answered["hits"]]
        assert answered["next"] != going
        going = answered["next"]
    assert starts[0] == "2025-11-20T07:50:00Z"
    assert len(starts) == len(set(starts))


async def test_what_is_exported_is_restored_to_the_same_log(
    client: TestClient[Any, Any], store: LogStore
) -> None:
    log = await store.read("glasses-01", 0, 2**62)
    async with client.get("/api/v1/export?device=glasses-01") as answer:
        assert answer.content_type == "application/jsonl"
        text = await answer.text()
    await store.redis.flushall()
    await restore(store, text.splitlines())
    assert await store.read("glasses-01", 0, 2**62) == log


async def test_without_an_end_what_was_added_after_the_last_record_belongs_to_the_log(
    client: TestClient[Any, Any], store: LogStore
) -> None:
    last_s = (await store.read("glasses-01", 0, 2**62)).scenarios[-1].end_ns / NS
    span = named_span(last_s + 3_600, last_s + 7_200, "Driving")
    driving = correction(1, span, device_id="glasses-01", action="add")
    await store.put_corrections([driving])

    async def text_of(path: str, **more: str) -> str:
        async with client.get(path, params={"device": "glasses-01", **more}) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.text()

    until = {"to": str(round(last_s * NS))}
    for kind in ("jsonl", "ics"):
        assert "Driving" in await text_of("/api/v1/export", format=kind)
        assert "Driving" not in await text_of("/api/v1/export", format=kind, **until)
    for path in ("/api/log", "/api/timeline", "/api/v1/corrections"):
        assert "Driving" in await text_of(path)
        assert "Driving" not in await text_of(path, **until)


async def test_a_table_of_any_span_is_exported_as_it_is_read(
    client: TestClient[Any, Any], store: LogStore
) -> None:
    await put(store, day(start_s=MORNING + 9 * 86_400, plan=PLAN[:1]))
    every = "/api/v1/export?device=glasses-01&format=csv&from=2025-11-01T00:00:00Z"
    async with client.get(every) as answer:
        assert answer.content_type == "text/csv"
        text = await answer.text()
    log = await store.read("glasses-01", 0, 2**62)
    assert from_csv(text) == log.model_copy(update={"corrections": []})


async def test_a_calendar_is_exported(client: TestClient[Any, Any]) -> None:
    async with client.get("/api/v1/export?device=glasses-01&format=ics") as answer:
        assert answer.content_type == "text/calendar"
        text = await answer.text()
    assert "SUMMARY:Cooking" in text


async def test_a_span_is_exported_as_parquet(client: TestClient[Any, Any]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    asked = {"device": "glasses-01", "format": "parquet", "from": "2025-11-20T07:30:00Z"}
    async with client.get("/api/v1/export", params=asked) as answer:
        assert answer.status == 200
        assert answer.content_type == "application/vnd.apache.parquet"
        table = parquet.read_table(io.BytesIO(await answer.read()))
    async with client.get("/api/v1/export", params={**asked, "format": "jsonl"}) as answer:
        rows = [json.loads(line)["row"] for line in (await answer.text()).splitlines()[1:-1]]
    assert table.num_rows == sum(row in ("scenario", "activity") for row in rows) > 100


async def test_parquet_without_its_extra_is_refused_with_what_brings_it(
    client: TestClient[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    asked = {"device": "glasses-01", "format": "parquet"}
    async with client.get("/api/v1/export", params=asked) as answer:
        assert answer.status == 400
        assert "pip install 'egolog-streams[parquet]'" in (await answer.json())["error"]


async def test_a_calendar_goes_by_the_zone_that_is_asked_for(client: TestClient[Any, Any]) -> None:
    asked = {"device": "glasses-01", "format": "ics", "zone": "Asia/Tokyo"}
    async with client.get("/api/v1/export", params=asked) as answer:
        assert "DTSTART;TZID=Asia/Tokyo:20251120T163000" in await answer.text()
    async with client.get("/api/v1/export", params={**asked, "zone": "Mars"}) as answer:
        assert answer.status == 400
