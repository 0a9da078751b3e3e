from __future__ import annotations

from infra.daily_log.records import Log, LogActivity, LogScenario
from infra.daily_log.totals import totals
from tests.infra.daily_log.stored_records import T0, S, activity, refinement, scenario


def test_totals_follow_what_leads_each_record_the_longest_first() -> None:
    records = [scenario(T0 + n * 30 * S) for n in range(3)]
    log = Log.of(
        [
            LogScenario(
                **record.model_dump(), refined=refinement(record, ["Eating"]) if n else None
            )
            for n, record in enumerate(records)
        ],
        [LogActivity(**activity(T0).model_dump())],
    )
    assert totals(log) == [
        ("scenario", "Eating", 2, 60.0),
        ("scenario", "Cooking", 1, 30.0),
        ("activity", "sitting", 1, 5.0),
    ]


def test_an_unknown_activity_counts_nowhere() -> None:
    known, unknown = activity(T0), activity(T0 + 5 * S).model_copy(update={"unknown": True})
    log = Log.of([], [LogActivity(**record.model_dump()) for record in (known, unknown)])
    assert totals(log) == [("activity", "sitting", 1, 5.0)]


def test_an_unknown_scenario_counts_nowhere_but_as_what_it_was_refined_to() -> None:
    records = [scenario(T0 + n * 30 * S).model_copy(update={"unknown": True}) for n in range(2)]
    log = Log.of(
        [
            LogScenario(
                **record.model_dump(), refined=refinement(record, ["Eating"]) if n else None
            )
            for n, record in enumerate(records)
        ],
        [],
    )
    assert totals(log) == [("scenario", "Eating", 1, 30.0)]


def test_a_record_without_an_estimate_counts_nowhere() -> None:
    record = activity(T0).model_copy(update={"activities": {}})
    assert totals(Log.of([], [LogActivity(**record.model_dump())])) == []
