from __future__ import annotations

import numpy as np

from operators.scenario_record import scenario_record
from operators.sound_places import sound_places
from schemas import REGIONS, Activity, ActivitySpan, BodyPosition, Scenario, Spatial, Vector
from schemas.frames import NS
from schemas.sound_place import NearAndFarSounds
from tests.operators.estimates import activity, evidence

UNSURE = 0.5


def spatial(start: int, left_far: float) -> Spatial:
    return Spatial(
        device_id="d",
        window_id=f"d/s/spatial/{start}",
        session_id="s",
        start_ns=start,
        end_ns=start + 1,
        revision="r",
        regions=dict.fromkeys(REGIONS, 0.0) | {"left-far": left_far},
    )


def record(*activities: Activity) -> Scenario:
    return scenario_record(evidence(), [], activities, [], UNSURE)


def test_every_span_keeps_the_likeliest_activity_of_the_closed_set() -> None:
    spans = record(activity(0, 0.8), activity(5, 0.3)).activities
    assert [(span.activity, span.probability) for span in spans] == [
        ("standing", 0.8),
        ("standing", 0.3),
    ]


def test_only_unsure_spans_carry_descriptions_and_the_best_three() -> None:
    sure, unsure = record(activity(0, 0.8), activity(5, 0.3)).activities
    assert sure.open_vocabulary == {}
    assert unsure.open_vocabulary == {"ironing": 0.4, "folding laundry": 0.3, "sitting": 0.2}


def test_the_span_of_an_unknown_activity_says_so() -> None:
    unknown = activity(5, 0.9).model_copy(update={"unknown": True})
    assert [s.unknown for s in record(activity(0, 0.8), unknown).activities] == [False, True]


def test_embeddings_go_along_however_sure_a_window_is() -> None:
    sure = scenario_record(evidence(scenarios={"Cooking": 1.0}), [], [], [], UNSURE)
    assert sure.embeddings == evidence().embeddings


def test_a_record_is_as_familiar_and_as_unknown_as_its_estimate() -> None:
    estimate = evidence(familiarity={"imu": 0.25}, unknown=True)
    made = scenario_record(estimate, [], [], [], UNSURE)
    assert (made.familiarity, made.unknown) == ({"imu": 0.25}, True)
    assert (record().familiarity, record().unknown) == ({}, False)


def test_a_modality_that_never_came_is_missing() -> None:
    assert record().missing == ["audio"]


def test_a_record_says_all_that_its_parts_say() -> None:
    whole = scenario_record(
        evidence(coverage={"audio": 0.0, "imu": 0.5}),
        [spatial(0, 1.0), spatial(1, 0.5), spatial(2, 0.5)],
        [activity(0, 0.3)],
        ["spatial 3/5"],
        UNSURE,
    )
    assert whole == Scenario(
        device_id="d",
        window_id="d/s/scenario/0",
        session_id="s",
        start_ns=0,
        end_ns=30,
        revision="r",
        coverage={"audio": 0.0, "imu": 0.5},
        scenarios={"Cooking": 0.7, "Eating": 0.2},
        confidence=0.7,
        key_frames=[1.0],
        activities=[
            ActivitySpan(
                start_ns=0,
                end_ns=5,
                activity="standing",
                probability=0.3,
                open_vocabulary={"ironing": 0.4, "folding laundry": 0.3, "sitting": 0.2},
            )
        ],
        spatial=dict.fromkeys(REGIONS, 0.0) | {"left-far": 0.6667},
        sound_events={"frying": 0.6},
        motion={"moving": 0.9},
        missing=["audio", "spatial 3/5"],
        embeddings=Vector.of(np.zeros((1, 2))),
    )


def test_the_place_of_one_second_is_that_seconds() -> None:
    assert scenario_record(evidence(), [spatial(0, 0.25)], [], [], UNSURE).spatial == (
        dict.fromkeys(REGIONS, 0.0) | {"left-far": 0.25}
    )
    assert record().spatial == {}


def test_without_an_estimate_nothing_is_sure() -> None:
    unknown = scenario_record(evidence(scenarios={}), [], [], [], UNSURE)
    assert unknown.confidence == 0.0
    assert unknown.embeddings is not None


def test_among_equally_likely_activities_the_first_by_name_is_the_spans() -> None:
    [span] = record(activity(0, 0.1)).activities
    assert (span.activity, span.probability) == ("standing", 0.1)


def test_a_record_has_the_position_and_the_places_of_its_sounds_near_and_far() -> None:
    estimate = evidence(end_ns=30 * NS, event_segments={"frying": [0.0] * 14 + [0.6]})
    heard = spatial(28 * NS, 0.9).model_copy(update={"end_ns": 29 * NS})
    parts = {14: NearAndFarSounds({"frying": 0.9}, {"frying": 0.1})}
    glasses = BodyPosition(at="glasses", probability=1.0, said=True)
    made = scenario_record(estimate, [heard], [], [], UNSURE, parts, glasses)
    assert made.position == glasses
    assert made.sound_places == sound_places(estimate, [heard], parts)
    assert made.sound_places["frying"].direction == "left"
    assert made.sound_places["frying"].apart
    bare = scenario_record(estimate, [heard], [], [], UNSURE)
    assert not bare.sound_places["frying"].apart
    assert bare.position is None
