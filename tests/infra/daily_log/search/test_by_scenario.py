from __future__ import annotations

from infra.daily_log.corrections import added_spans, apply_corrections
from infra.daily_log.records import Log
from infra.daily_log.search.by_scenario import added_of_scenario, of_scenario
from tests.infra.daily_log.corrected_log import correction, named_span
from tests.infra.daily_log.search.refined_log import refined_log
from tests.infra.daily_log.stored_records import T0, S


def test_a_scenario_is_found_by_any_label_that_it_was_refined_to() -> None:
    log = refined_log()
    assert of_scenario(log, " ironing ").scenarios == log.scenarios[1:]
    assert of_scenario(log, "Eating").scenarios == log.scenarios[2:]


def test_a_scenario_that_nobody_refined_is_found_by_what_leads_it() -> None:
    log = refined_log()
    assert of_scenario(log, "Cooking").scenarios == log.scenarios[:1]
    assert of_scenario(log, "Iron") == Log.of([], [])


def test_the_activities_of_a_scenario_are_those_that_begin_in_it() -> None:
    log = refined_log()
    assert of_scenario(log, "Ironing").activities == log.activities[1:]
    other = [each.model_copy(update={"session_id": "another"}) for each in log.activities]
    assert of_scenario(Log.of(log.scenarios, other), "Ironing").activities == []


def test_what_was_added_is_of_the_scenario_that_it_was_added_as() -> None:
    hour = named_span(T0 / S + 3_600, T0 / S + 7_200, "Driving", "Eating")
    added = added_spans(apply_corrections([], [], [correction(1, hour, action="add")]))
    assert added_of_scenario(added, " driving ") == added_of_scenario(added, "Eating") == added
    assert added_of_scenario(added, "Cooking") == []
