from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from infra.daily_log.records import Log, LogActivity, LogScenario
from operators.smoothing import smooth
from schemas import Correction, NamedSpan
from streams.web import hours
from streams.web.evidence import context_ns, evidence
from streams.web.hours import HOUR_NS, Hours, brief, in_columns, of_hour
from streams.web.routes import PageSources, install
from streams.web.timeline import CORRECTED, UNKNOWN
from tests.streams.synthetic_log import MORNING, NS, PLAN, Part, day, put

if TYPE_CHECKING:
    from infra.daily_log.store import LogStore

START = MORNING * NS
FIRST = START // HOUR_NS * HOUR_NS
QUIET = (Part(45, "Cooking", "Eating", ("standing",), ("frying",)),)


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another test may have the machine."""
    monkeypatch.setattr(hours, "COMPUTE_S", 600.0)


def named(start_ns: int, seconds: int, *labels: str) -> NamedSpan:
    return NamedSpan(start_ns=start_ns, end_ns=start_ns + seconds * NS, labels=list(labels))


def said(*after: NamedSpan, number: int = 1, **more: Any) -> Correction:
    fields: dict[str, Any] = {
        "device_id": "glasses-01",
        "correction_id": f"{number:032x}",
        "action": "correct",
        "row": "scenario",
        "created_ns": number,
        "after": list(after),
    }
    return Correction(**{**fields, **more})


async def log_of(store: LogStore, *corrections: Correction) -> Log:
    await put(store, day(plan=PLAN[:2]))
    await store.put_corrections(list(corrections))
    return await store.read("glasses-01", 0, 2**62)


async def read(store: LogStore, since: int = 0, **options: Any) -> list[dict[str, Any]]:
    given = {"brief": False, **options}
    texts, complete = await Hours(store, 0.5).read("glasses-01", FIRST, 2**62, since, **given)
    assert complete
    hours_of_it = (json.loads(text) for text in texts)
    made = [hour if given["brief"] else in_rows(hour) for hour in hours_of_it]
    return sorted(made, key=lambda hour: hour["hour"])


def in_rows(hour: dict[str, Any]) -> dict[str, Any]:
    """Undo `in_columns`, as the page does."""

    def rows(columns: list[list[Any]]) -> list[list[Any]]:
        made: list[list[Any]] = []
        for pause, lasts, *rest in zip(*columns, strict=True):
            made.append([pause + sum(made[-1][:2] if made else ()), lasts, *rest])
        return made

    shares = {int(name): percents for name, percents in hour["smoothed"].items()}
    scenarios = [
        [*row[:6], {n: percents[at] for n, percents in shares.items() if percents[at]}, *row[6:]]
        for at, row in enumerate(rows(hour["scenarios"]))
    ]
    other = {name: value for name, value in hour.items() if name != "smoothed"}
    return {**other, "scenarios": scenarios, "activities": rows(hour["activities"])}


async def test_an_hour_says_of_every_record_what_the_log_says(store: LogStore) -> None:
    log = await log_of(store)
    estimates = smooth([(s.start_ns, s.scenarios) for s in log.scenarios if not s.refined_labels])
    assert estimates
    rows = [
        (hour["hour"] * 1_000_000 + row[0] * NS, hour["names"][row[2]], row[3], row[1])
        for hour in await read(store)
        for row in hour["scenarios"]
    ]
    assert rows == [
        (record.start_ns, record.leading, round(record.confidence * 100), 30)
        for record in log.scenarios
    ]
    seconds: dict[str, int] = {}
    for hour in await read(store):
        for _, lasts, name, _ in hour["activities"]:
            seconds[hour["names"][name]] = seconds.get(hour["names"][name], 0) + lasts
    leading = [record.leading for record in log.activities]
    assert seconds == {name: 5 * leading.count(name) for name in set(leading)}


async def test_an_hour_is_made_once_until_something_in_it_changes(
    store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(store, day(plan=PLAN[:4]))
    first = await read(store)
    made: list[int] = []
    of = hours.of_hour

    def noted(log: Any, at: int, *rest: Any) -> Any:
        made.append(at)
        return of(log, at, *rest)

    monkeypatch.setattr(hours, "of_hour", noted)
    assert await read(store) == first
    assert made == []
    revision = (await store.changes("glasses-01", 0)).revision
    assert await read(store, since=revision) == []
    late = START + 5 * 60 * NS
    await store.put_corrections([said(named(late, 60, "Reading books"))])
    [changed] = await read(store, since=revision)
    assert changed["hour"] * 1_000_000 == FIRST
    assert made == [FIRST]


async def test_a_correction_changes_every_hour_that_it_touches(store: LogStore) -> None:
    await put(store, day(plan=PLAN[:4]))
    revision = (await store.changes("glasses-01", 0)).revision
    await store.put_corrections([said(named(START + 600 * NS, 2_400, "Reading books"))])
    assert [hour["hour"] for hour in await read(store, since=revision)] == [
        FIRST // 1_000_000,
        (FIRST + HOUR_NS) // 1_000_000,
    ]


async def test_what_the_wearer_said_is_flagged_and_what_was_added_is_there(
    store: LogStore,
) -> None:
    await put(store, day(plan=QUIET))
    await store.put_corrections(
        [
            said(named(START, 60, "Eating")),
            said(named(START - 600 * NS, 600, "Driving"), number=2, action="add"),
            said(named(START, 10, "cycling"), number=3, row="activity"),
            said(named(START + 60 * NS, 30), number=4, action="delete"),
        ]
    )
    hour = (await read(store))[0]
    names = hour["names"]
    spoken = [(row[2] >= 0 and names[row[2]], row[4]) for row in hour["scenarios"][:4]]
    assert spoken == [("Eating", CORRECTED)] * 2 + [(False, CORRECTED), ("Cooking", 0)]
    # Smoothed over what counts: what the wearer deleted does not.
    assert [names[n] for n in hour["scenarios"][0][6]] == ["Eating"]
    assert [[row, at, lasts, names[n]] for row, at, lasts, n in hour["added"]] == [
        [0, (START - 600 * NS - FIRST) // NS, 600, "Driving"]
    ]
    first = hour["activities"][0]
    assert (names[first[2]], first[1], first[3] & CORRECTED) == ("cycling", 10, CORRECTED)
    answered = brief(hour)
    runs = [(answered["names"][n], lasts) for _, lasts, n in answered["runs"]]
    assert runs[:2] == [("Driving", 600), ("Eating", 60)]
    assert answered["corrected"] == 90
    assert answered["recorded"] == 30 * len(hour["scenarios"])


async def test_a_slow_worker_answers_the_newest_hours_first(
    store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hours, "COMPUTE_S", -1.0)
    await put(store, day(plan=PLAN[:5]))
    reader = Hours(store, 0.5)
    seen: list[int] = []
    for _ in range(9):
        texts, complete = await reader.read("glasses-01", FIRST, 2**62, 0, brief=True)
        seen = [json.loads(text)["hour"] for text in texts]
        if complete:
            break
    assert complete
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 4


async def test_a_deleted_log_leaves_nothing_behind(store: LogStore) -> None:
    await put(store, day(plan=PLAN[:1]))
    await read(store)
    await store.delete("glasses-01", 0, 2**62)
    assert await read(store) == []
    assert [key async for key in store.redis.scan_iter("*rollup*")] == []


async def test_columns_say_all_that_the_rows_say(store: LogStore) -> None:
    log = await log_of(store)
    # With a hole in it, and with activities that begin before the first scenario.
    holed = [each for each in log.scenarios if not 300 < (each.start_ns - START) / NS < 900]
    for scenarios in (log.scenarios, holed, holed[20:], []):
        hour = of_hour(Log.of(scenarios, log.activities), FIRST, 0.5)
        assert in_rows(json.loads(json.dumps(in_columns(hour)))) == hour


async def test_a_day_of_fifteen_hours_is_answered_in_less_than_16_kb(store: LogStore) -> None:
    await put(store, day(plan=PLAN + PLAN[3:11]))
    application = web.Application()
    install(application, PageSources(lambda: store))
    async with TestClient(TestServer(application), auto_decompress=False) as client:
        path = f"/api/v1/hours?device=glasses-01&from={FIRST}"
        async with client.get(path, headers={"Accept-Encoding": "gzip"}) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert len(await answer.read()) < 16_000
        async with client.get(path, headers={"Accept-Encoding": "identity"}) as answer:
            answered = await answer.json()
            assert answered["complete"]
            assert sum(len(hour["scenarios"][0]) for hour in answered["hours"]) == 1720


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("detail=all", "detail"),
        ("from=0&to=2999999999999999999", "from"),
        ("since=-1", "since"),
        ("width=3", "width"),
    ],
)
async def test_what_cannot_be_asked_is_named(store: LogStore, query: str, parameter: str) -> None:
    await put(store, day(plan=PLAN[:1]))
    await put(store, day(start_s=MORNING + 60 * 86_400, plan=PLAN[:1]))
    application = web.Application()
    install(application, PageSources(lambda: store))
    async with (
        TestClient(TestServer(application)) as client,
        client.get(f"/api/v1/hours?device=glasses-01&{query}") as answer,
    ):
        assert answer.status == 400
        assert (await answer.json())["parameter"] == parameter


@pytest.mark.parametrize("context_s", [0, 90, 300, 900])
async def test_evidence_tells_of_the_time_that_the_model_was_told_of(
    store: LogStore, context_s: int
) -> None:
    log = await log_of(store)
    asked = [s for s in log.scenarios if s.refined is not None][-1]
    assert asked.refined is not None
    prompted = asked.model_copy(
        update={"refined": asked.refined.model_copy(update={"revision": "scenario.v5"})}
    )
    others = [record for record in log.scenarios if record.window_id != asked.window_id]
    known = Log.of([*others, prompted], log.activities)
    assert context_ns(context_s * NS) >= context_s * NS + (asked.end_ns - asked.start_ns)
    answered = evidence(known, asked.start_ns, 0.5, context_s * NS)
    prompt = answered["scenario"]["refined"]["asked"]
    first = asked.start_ns - context_s * NS
    before = [each for each in others if first <= each.start_ns < asked.start_ns]
    minutes = [each["minutes_before"] for each in json.loads(prompt).get("last_minutes", [])]
    assert len(minutes) == len(before)
    assert all(each <= context_s / 60 for each in minutes)


async def test_evidence_is_what_the_record_was_judged_by(store: LogStore) -> None:
    log = await log_of(store)
    asked = next(s for s in log.scenarios if s.refined is not None)
    assert asked.refined is not None
    prompted = asked.model_copy(
        update={"refined": asked.refined.model_copy(update={"revision": "scenario.v5"})}
    )
    others = [record for record in log.scenarios if record.window_id != asked.window_id]
    log = Log.of([*others, prompted], log.activities)
    answered = evidence(log, asked.start_ns + 7 * NS, 0.5, 300 * NS)
    scenario, activity = answered["scenario"], answered["activity"]
    assert scenario["window"] == asked.window_id
    assert [name for name, _ in scenario["regions"]] == ["front-near", "left-far"]
    [(sound, place)] = scenario["places"].items()
    assert sound in asked.sound_events
    assert place == {
        "distance": "near",
        "near": 0.86,
        "direction": "front",
        "direction_probability": 0.71,
        "apart": False,
        "words": ("near", "front"),
    }
    assert f"the {sound} is happening in the near front" in scenario["refined"]["asked"]
    assert scenario["key_frames"] == [round(1 / 15, 3)] * 15
    assert len(scenario["activities"]) == 6
    assert scenario["refined"]["tokens"] == 312
    assert json.loads(scenario["refined"]["asked"])["audio"]
    assert activity["start"] == (asked.start_ns + 5 * NS) // 1_000_000
    assert activity["closed"][0][0] == activity["name"]


def test_a_time_without_a_record_has_no_evidence() -> None:
    log = Log(scenarios=[], activities=[])
    assert evidence(log, 5, 0.5, 300 * NS) == {"scenario": None, "activity": None}


def test_an_unknown_record_is_flagged_and_counts_as_unknown() -> None:
    made = day(plan=QUIET)
    unknown = {"unknown": True}
    scenarios = [LogScenario(**{**record.model_dump(), **unknown}) for record in made.scenarios[:2]]
    activities = [
        LogActivity(**{**record.model_dump(), **unknown}) for record in made.activities[:12]
    ]
    hour = of_hour(Log.of(scenarios, activities), FIRST, 0.5)
    assert [(row[2], row[4]) for row in hour["scenarios"]] == [(-1, UNKNOWN)] * 2
    assert sum(row[1] for row in hour["activities"]) == 60
    assert {row[3] & UNKNOWN for row in hour["activities"]} == {UNKNOWN}
    assert {hour["names"][row[2]] for row in hour["activities"]} == {"unknown"}
    answered = brief(hour)
    start = (made.scenarios[0].start_ns - FIRST) // NS
    assert (answered["runs"], answered["names"]) == ([[start, 60, 0]], ["Unknown"])
    assert (answered["activities"], answered["recorded"]) == ([], 60)
