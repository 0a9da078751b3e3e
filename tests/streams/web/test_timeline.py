from __future__ import annotations

import pytest

from infra.daily_log.records import Log, LogActivity, LogScenario
from schemas import Correction, NamedSpan, Refined
from schemas.evidence import Result
from schemas.scenario import NO_REFINER
from streams.web.timeline import timeline
from tests.streams.synthetic_log import MORNING, NS, PLAN, Part, day

START = MORNING * NS
UNSURE = 0.5


def log_of(plan: tuple[Part, ...]) -> Log:
    records = day(plan=plan)
    refined = {record.window_id: record for record in records.refined}
    return Log.of(
        [
            LogScenario(**record.model_dump(), refined=refined.get(record.window_id))
            for record in records.scenarios
        ],
        [LogActivity(**record.model_dump()) for record in records.activities],
    )


def test_only_rows_from_the_asked_time_on_are_returned() -> None:
    begin = START + 600 * NS
    rows = timeline(log_of(PLAN[:1]), begin, UNSURE)
    assert min(row["start"] for row in rows["scenarios"]) == begin // 1_000_000
    assert min(row[0] for row in rows["activities"]) == begin // 1_000_000


def test_a_late_start_draws_the_same_as_the_whole() -> None:
    log = log_of(PLAN[:3])
    begin = START + 1800 * NS
    tail = Log.of(
        [r for r in log.scenarios if r.start_ns >= begin - 600 * NS],
        [r for r in log.activities if r.start_ns >= begin - 600 * NS],
    )
    whole, part = timeline(log, begin, UNSURE), timeline(tail, begin, UNSURE)
    assert whole["scenarios"] == part["scenarios"]
    assert named(whole) == named(part)


def named(rows: dict[str, list[list[int]]]) -> list[object]:
    return [[*row[:2], rows["names"][row[2]], *row[3:]] for row in rows["activities"]]


def test_the_leading_scenario_is_the_records_own_and_the_ten_minutes_stay_beside_it() -> None:
    log = log_of((Part(20, "Cooking", "Eating", ("standing",), ("frying",)),))
    flicker = log.scenarios[30].model_copy(update={"scenarios": {"Eating": 1.0}, "refined": None})
    log.scenarios[30] = flicker
    row = timeline(log, 0, UNSURE)["scenarios"][30]
    assert (row["leading"], row["local"][0]) == ("Eating", ("Eating", 1.0))
    assert row["smoothed"][0][0] == "Cooking"


def test_the_leading_scenarios_are_those_of_the_log_and_of_its_export() -> None:
    log = log_of(PLAN[:4])
    rows = timeline(log, 0, UNSURE)["scenarios"]
    assert [row["leading"] for row in rows] == [record.leading for record in log.scenarios]
    assert any(row["leading"] != row["smoothed"][0][0] for row in rows)


def test_a_refined_label_counts_in_full() -> None:
    log = log_of((Part(1, "Cooking", "Eating", ("standing",), ("frying",)),))
    first = log.scenarios[0]
    answer = day(plan=PLAN).refined[0].model_copy(update={"scenarios": ["Reading books"]})
    only = Log.of([first.model_copy(update={"refined": answer})], [])
    row = timeline(only, 0, UNSURE)["scenarios"][0]
    assert row["smoothed"] == [("Reading books", 1.0)]
    assert row["refined"]["by"] == "gpt-4o-mini"


def test_nobodys_answer_leaves_the_local_estimate_standing() -> None:
    log = log_of((Part(1, "Cooking", "Eating", ("standing",), ("frying",)),))
    answer = (
        day(plan=PLAN)
        .refined[0]
        .model_copy(
            update={"scenarios": ["Reading books"], "refined_by": NO_REFINER, "reason": "timed out"}
        )
    )
    only = Log.of([log.scenarios[0].model_copy(update={"refined": answer})], [])
    row = timeline(only, 0, UNSURE)["scenarios"][0]
    assert row["smoothed"][0][0] != "Reading books"
    assert row["refined"] == {
        "labels": [],
        "by": NO_REFINER,
        "reason": "timed out",
        "preliminary": answer.preliminary,
    }


def test_a_record_names_the_networks_that_made_it() -> None:
    log = log_of((Part(1, "Cooking", "Eating", ("standing",), ("frying",)),))
    assert {row["model"] for row in timeline(log, 0, UNSURE)["scenarios"]} == {"r1"}


def test_flags_tell_dropped_audio_the_near_field_and_missing_inputs() -> None:
    log = log_of((Part(1, "Cooking", "Eating", ("standing",), ("frying",)),))
    plain = log.activities[0].model_copy(update={"gate": "open", "missing": []})
    dropped = plain.model_copy(update={"gate": "dropped"})
    both = dropped.model_copy(update={"missing": ["audio"]})
    near = plain.model_copy(update={"gate": "near"})
    rows = timeline(Log.of([], [plain, dropped, both, near]), 0, UNSURE)
    assert sorted(row[4] for row in rows["activities"]) == [0, 1, 3, 16]


def test_where_the_closed_set_is_unsure_the_best_description_names_the_activity() -> None:
    log = log_of((Part(1, "Cooking", "Eating", ("standing",), ("frying",)),))
    ranking = {"ironing": 0.4, "folding laundry": 0.2, "sitting": 0.1, "typing": 0.05}
    sure, unsure = (
        log.activities[n].model_copy(
            update={
                "activities": {"standing": share, "walking": 0.2},
                "open_vocabulary": ranking,
                "gate": "open",
            }
        )
        for n, share in enumerate((0.5, 0.3))
    )
    rows = timeline(Log.of([], [sure, unsure]), 0, UNSURE)
    names = rows["names"]
    first, second = rows["activities"]
    assert (names[first[2]], *first[3:]) == ("standing", 0.5, 0)
    assert (names[second[2]], *second[3:5]) == ("ironing", 0.4, 4)
    assert [(names[index], share) for index, share in second[5]] == [("standing", 0.3)]
    assert [names[index] for index, _ in second[6]] == ["ironing", "folding laundry", "sitting"]


def test_a_description_that_is_less_sure_stands_beside_the_name() -> None:
    log = log_of((Part(1, "Cooking", "Eating", ("standing",), ("frying",)),))
    unsure = log.activities[0].model_copy(
        update={
            "activities": {"standing": 0.45},
            "open_vocabulary": {"ironing": 0.4},
            "gate": "open",
        }
    )
    rows = timeline(Log.of([], [unsure]), 0, UNSURE)
    names, [row] = rows["names"], rows["activities"]
    assert (names[row[2]], *row[3:5]) == ("standing", 0.45, 0)
    assert [names[index] for index, _ in row[6]] == ["ironing"]


def test_an_unknown_activity_is_named_so_and_tells_what_it_might_be() -> None:
    log = log_of((Part(1, "Cooking", "Eating", ("standing",), ("frying",)),))
    sure = {"activities": {"standing": 0.9}, "gate": "open", "unknown": True}
    ranking = {"open_vocabulary": {"ironing": 0.95}}
    plain, ranked = (
        log.activities[0].model_copy(update={**sure, **more}) for more in ({}, ranking)
    )
    rows = timeline(Log.of([], [plain, ranked]), 0, UNSURE)
    names = rows["names"]
    rows_by_name = [
        (names[row[2]], row[4], *([(names[i], p) for i, p in pairs] for pairs in row[5:]))
        for row in rows["activities"]
    ]
    assert rows_by_name == [
        ("unknown", 8, [("standing", 0.9)], []),
        ("unknown", 8, [("standing", 0.9)], [("ironing", 0.95)]),
    ]


def test_an_unknown_scenario_leads_to_nothing_until_it_is_refined() -> None:
    log = log_of((Part(1, "Cooking", "Eating", ("standing",), ("frying",)),))
    first, second = log.scenarios[:2]
    answer = Refined(
        **second.model_dump(include={*Result.model_fields}),
        scenarios=["Eating"],
        refined_by="a model",
        reason="scenario unknown",
        preliminary="Cooking",
        confidence=second.confidence,
    )
    alone = first.model_copy(update={"unknown": True, "refined": None})
    refined = second.model_copy(update={"unknown": True, "refined": answer})
    rows = timeline(Log.of([alone, refined], []), 0, UNSURE)["scenarios"]
    assert [row["leading"] for row in rows] == ["", "Eating"]
    assert [row["smoothed"] for row in rows] == [[], [("Eating", 1.0)]]
    assert [row["unknown"] for row in rows] == [True, True]
    assert rows[0]["local"][0][0] == "Cooking"


def test_records_without_any_estimate_are_drawn_as_none() -> None:
    log = log_of((Part(1, "Cooking", "Eating", ("standing",), ("frying",)),))
    empty = log.scenarios[0].model_copy(update={"scenarios": {}, "refined": None})
    blank = log.activities[0].model_copy(update={"activities": {}})
    rows = timeline(Log.of([empty], [blank]), 0, UNSURE)
    assert (rows["scenarios"][0]["leading"], rows["activities"]) == ("", [])


def test_shares_are_normalised() -> None:
    rows = timeline(log_of(PLAN[:2]), 0, UNSURE)["scenarios"]
    assert rows
    for row in rows:
        assert sum(share for _, share in row["smoothed"]) == pytest.approx(1.0, abs=0.01)


def test_beyond_the_end_nothing_is_added() -> None:
    span = NamedSpan(start_ns=START - 7_200 * NS, end_ns=START + 7_200 * NS, labels=["Driving"])
    whole = Correction(
        device_id="d",
        correction_id="0" * 32,
        action="correct",
        row="scenario",
        created_ns=START,
        after=[span],
    )
    log = Log.of([], [], [whole])
    [added] = timeline(log, START, UNSURE, START + 600 * NS)["added"]
    assert (added["start"], added["end"]) == (
        (START - 600 * NS) // 1_000_000,
        (START + 600 * NS) // 1_000_000,
    )
