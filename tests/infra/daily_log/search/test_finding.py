from __future__ import annotations

from typing import TYPE_CHECKING

from infra.daily_log.archive import pieces
from infra.daily_log.records import Log
from infra.daily_log.search.finding import Hit, continued, find
from infra.daily_log.search.query import LogQuery
from infra.daily_log.store import LogStore
from tests.infra.daily_log.corrected_log import correction, named_span
from tests.infra.daily_log.search.named import each_of
from tests.infra.daily_log.search.refined_log import refined_log
from tests.infra.daily_log.search.searched_log import LOG, RECORDS
from tests.infra.daily_log.stored_records import T0, S, scenario

if TYPE_CHECKING:
    from redis.asyncio import Redis

HOUR = 3_600 * S


def test_a_hit_that_an_hour_cuts_is_one() -> None:
    log = refined_log()
    first, rest = Log.of(log.scenarios[1:2], []), Log.of(log.scenarios[2:], [])
    query = LogQuery(named=each_of(scenario="Ironing"))
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


def test_neighbours_of_one_scenario_are_one_answer_that_names_its_records() -> None:
    first = find(LOG, LogQuery(named=each_of(scenario="Cooking")))[0]
    assert (first.end_ns // S, first.sounds, first.activities) == (
        60,
        ("frying", "clapping"),
        ("walking",),
    )
    assert first.windows == (RECORDS[0].window_id, RECORDS[1].window_id)


def test_a_hit_names_the_sounds_and_activities_that_were_searched_for() -> None:
    [cooking, _] = find(LOG, LogQuery(named=each_of(sound="Clapping")))
    assert cooking.named == ("clapping",)
    [cooking] = find(LOG, LogQuery(named=each_of(activity="walking")))
    assert cooking.named == ("walking",)
    assert {hit.named for hit in find(LOG, LogQuery(named=each_of(scenario="Cooking")))} == {()}
