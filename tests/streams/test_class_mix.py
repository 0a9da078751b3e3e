from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.metrics import REGISTRY
from models.labels import ACTIVITIES, SCENARIOS
from streams.class_mix import UNKNOWN, count_activity, count_scenario
from tests.streams.synthetic_log import PLAN, day

if TYPE_CHECKING:
    from schemas import Activity


def value(metric: str, /, **labels: str) -> float:
    return REGISTRY.get_sample_value(metric, labels) or 0.0


def class_count(kind: str, name: str) -> float:
    return value("egolog_classes_total", kind=kind, name=name)


def activity(**changed: object) -> Activity:
    return day(plan=PLAN[:1]).activities[0].model_copy(update=changed)


def test_a_record_counts_as_what_it_most_likely_is() -> None:
    record = (
        day(plan=PLAN[:1])
        .scenarios[0]
        .model_copy(update={"scenarios": {"Eating": 0.3, "Cooking": 0.6}})
    )
    before, sure = (
        class_count("scenario", "Cooking"),
        value("egolog_confidence_sum", kind="scenario"),
    )
    count_scenario(record)
    assert class_count("scenario", "Cooking") == before + 1
    assert value("egolog_confidence_sum", kind="scenario") == pytest.approx(sure + 0.6)


def test_an_unknown_record_counts_as_unknown_and_not_as_its_likeliest_class() -> None:
    record = activity(activities={"eating": 0.9, "walking": 0.1}, unknown=True)
    before = class_count("activity", UNKNOWN), class_count("activity", "eating")
    count_activity(record)
    assert (class_count("activity", UNKNOWN), class_count("activity", "eating")) == (
        before[0] + 1,
        before[1],
    )


def test_a_modality_that_is_not_judged_has_no_familiarity() -> None:
    name = "egolog_familiarity_count"
    before = [value(name, kind="activity", modality=each) for each in ("audio", "imu")]
    count_activity(activity(familiarity={"imu": 0.4}))
    after = [value(name, kind="activity", modality=each) for each in ("audio", "imu")]
    assert after == [before[0], before[1] + 1]


def test_what_says_nothing_is_not_counted() -> None:
    before = value("egolog_confidence_count", kind="activity")
    count_activity(activity(activities={}))
    assert value("egolog_confidence_count", kind="activity") == before


def test_every_class_starts_at_zero() -> None:
    for kind, names in (("scenario", SCENARIOS), ("activity", ACTIVITIES)):
        for name in (*names, UNKNOWN):
            labels = {"kind": kind, "name": name}
            assert REGISTRY.get_sample_value("egolog_classes_total", labels) is not None
