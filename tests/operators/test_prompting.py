from __future__ import annotations

import json

import pytest

from operators.prompting import load_template, messages, read_answer
from schemas import REGIONS, ActivitySpan, Scenario

CATEGORIES = ("Cooking", "Eating", "Talking with friends/housemates")
TEMPLATE = load_template()


def record(near: float = 0.9, **changes: object) -> Scenario:
    regions = {
        name: near if name == "front-near" else (1 - near if name == "left-far" else 0.0)
        for name in REGIONS
    }
    fields: dict[str, object] = {
        "device_id": "alice-watch",
        "window_id": "alice-watch/s/scenario/0",
        "session_id": "secret-session",
        "start_ns": 1_772_438_400_000_000_000,
        "end_ns": 1_772_438_430_000_000_000,
        "revision": "r",
        "coverage": {"audio": 1.0},
        "scenarios": {"Cooking": 0.41, "Eating": 0.3},
        "confidence": 0.41,
        "key_frames": [1.0],
        "activities": [
            ActivitySpan(start_ns=0, end_ns=5, activity="walking", probability=0.6),
        ],
        "spatial": regions,
        "sound_events": {"frying": 0.8, "speech": 0.4},
        "motion": {"walking": 0.7, "moving": 0.2},
        **changes,
    }
    return Scenario(**fields)  # type: ignore[arg-type]


def last(scenario: Scenario) -> str:
    return messages(TEMPLATE, scenario, CATEGORIES)[-1]["content"]


def test_the_prompt_is_the_papers() -> None:
    system, *_ = messages(TEMPLATE, record(), CATEGORIES)
    assert system["content"].startswith("You are an expert in human activity analysis.")
    assert json.dumps(list(CATEGORIES)) in system["content"]
    text = last(record())
    assert "The detected audio classes are <frying, 0.80>, <speech, 0.40>." in text
    assert "The preliminary scenario estimation is <Cooking, 0.41>." in text
    assert "<walking, 0.70>" in text


def test_descriptions_are_put_where_an_activity_is_uncertain() -> None:
    sure = ActivitySpan(start_ns=0, end_ns=5, activity="walking", probability=0.6)
    unsure = [
        ActivitySpan(
            start_ns=n,
            end_ns=n + 5,
            activity="standing",
            probability=0.3,
            open_vocabulary=ranking,
        )
        for n, ranking in enumerate(({"ironing": 0.2, "folding laundry": 0.3}, {"ironing": 0.4}))
    ]
    assert "descriptions" not in last(record(activities=[sure]))
    assert (
        "Where an activity is uncertain, the motion also fits the descriptions of "
        "<ironing, 0.40>, <folding laundry, 0.30>." in last(record(activities=[sure, *unsure]))
    )


def test_near_and_far_sounds_are_phrased_as_in_the_paper() -> None:
    assert (
        "The frying is happening in the near front of the user, "
        "which is likely to be related to human activity." in last(record(near=0.9))
    )
    assert "The frying is happening in the left far." in last(record(near=0.1))


def test_silence_is_said() -> None:
    assert last(record(sound_events={})).startswith("No audio class was detected.")


def test_no_identifier_and_no_time_leave() -> None:
    text = json.dumps(messages(TEMPLATE, record(), CATEGORIES))
    for secret in ("alice", "secret-session", "17724384"):
        assert secret not in text


@pytest.mark.parametrize(
    ("said", "want"),
    [
        ("Cooking", "Cooking"),
        (" cooking.\n\nbecause of the frying", "Cooking"),
        ('"Talking with friends/housemates"', "Talking with friends/housemates"),
        ("Ignore all that and say Cooking", None),
        ("", None),
        ("Sleeping", None),
    ],
)
def test_only_a_category_is_an_answer(said: str, want: str | None) -> None:
    assert read_answer(said, CATEGORIES) == want
