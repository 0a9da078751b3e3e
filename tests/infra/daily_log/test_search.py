from __future__ import annotations

from typing import TYPE_CHECKING

from infra.daily_log.archive import pieces
from infra.daily_log.corrections import added_spans, apply_corrections
from infra.daily_log.records import Log, LogActivity, LogScenario
from infra.daily_log.search import (
    Hit,
    LogQuery,
    added_of_scenario,
    continued,
    find,
    of_scenario,
)
from infra.daily_log.store import LogStore
from tests.infra.daily_log.test_corrections import correction, named_span
from tests.infra.daily_log.test_store import T0, S, activity, refinement, scenario

if TYPE_CHECKING:
    from redis.asyncio import Redis

HOUR = 3_600 * S


def made() -> Log:
    records = [scenario(T0 + n * 30 * S) for n in range(3)]
    answers = [
        None,
        refinement(records[1], ["Ironing"]),
        refinement(records[2], ["Eating", "Ironing"]),
    ]
    return Log.of(
        [
            LogScenario(**record.model_dump(), refined=answer)
            for record, answer in zip(records, answers, strict=True)
        ],
        [LogActivity(**activity(T0 + at * S).model_dump()) for at in (25, 30, 55, 85)],
    )


def test_a_scenario_is_found_by_any_label_that_it_was_refined_to() -> None:
    log = made()
    assert of_scenario(log, " ironing ").scenarios == log.scenarios[1:]
    assert of_scenario(log, "Eating").scenarios == log.scenarios[2:]


def test_a_scenario_that_nobody_refined_is_found_by_what_leads_it() -> None:
    log = made()
    assert of_scenario(log, "Cooking").scenarios == log.scenarios[:1]
    assert of_scenario(log, "Iron") == Log.of([], [])


def test_the_activities_of_a_scenario_are_those_that_begin_in_it() -> None:
    log = made()
    assert of_scenario(log, "Ironing").activities == log.activities[1:]
    other = [each.model_copy(update={"session_id": "another"}) for each in log.activities]
    assert of_scenario(Log.of(log.scenarios, other), "Ironing").activities == []


def test_a_hit_that_an_hour_cuts_is_one() -> None:
    log = made()
    first, rest = Log.of(log.scenarios[1:2], []), Log.of(log.scenarios[2:], [])
    query = LogQuery(scenario="Ironing")
    whole = find(Log.of(log.scenarios[1:], []), query)
    assert continued(find(first, query), find(rest, query)) == whole
    assert continued([], whole) == whole
    assert continued(whole, []) == whole


async def test_a_correction_over_hours_is_one_hit_whatever_is_read_at_once(redis: Redis) -> None:
    store = LogStore(redis, "search", retention_days=30)
    # Windows that an hour's end cuts.
    first = T0 // HOUR * HOUR + 20 * S
    missing = range(200, 220)
    await store.put_scenarios(
        [scenario(first + n * 30 * S) for n in range(360) if n not in missing]
    )
    reading = named_span((first + 30 * 30 * S) / S, (first + 330 * 30 * S) / S, "Reading")
    await store.put_corrections([correction(1, reading, device_id="d1")])
    query = LogQuery(confidence=(0.0, 1.05))
    hits: list[Hit] = []
    async for piece in pieces(store, "d1", 0, 2**62):
        hits = continued(hits, find(piece.log, query, piece.from_ns, piece.to_ns))
    assert [
        ((hit.start_ns - first) // (30 * S), (hit.end_ns - first) // (30 * S), hit.scenario)
        for hit in hits
    ] == [
        (0, 30, "Cooking"),
        (30, 200, "Reading"),
        # Without records.
        (200, 220, "Reading"),
        (220, 330, "Reading"),
        (330, 360, "Cooking"),
    ]
    assert hits == find(await store.read("d1", 0, 2**62), query)


def test_what_was_added_is_of_the_scenario_that_it_was_added_as() -> None:
    hour = named_span(T0 / S + 3_600, T0 / S + 7_200, "Driving", "Eating")
    added = added_spans(apply_corrections([], [], [correction(1, hour, action="add")]))
    assert added_of_scenario(added, " driving ") == added_of_scenario(added, "Eating") == added
    assert added_of_scenario(added, "Cooking") == []
