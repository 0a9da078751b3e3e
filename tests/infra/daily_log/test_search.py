from __future__ import annotations

from infra.daily_log.records import Log, LogActivity, LogScenario
from infra.daily_log.search import LogQuery, continued, find, of_scenario
from tests.infra.daily_log.test_store import T0, S, activity, refinement, scenario


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
