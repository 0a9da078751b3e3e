from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schemas.notification import (
    Condition,
    RuleError,
    duration_s,
    notification_id,
    parse_condition,
)

if TYPE_CHECKING:
    from schemas.notification import Kind

NAMES: dict[Kind, tuple[str, ...]] = {
    "sound": ("siren", "clapping", "water tap"),
    "activity": ("clapping", "talking"),
    "scenario": ("Cooking", "Cleaning / laundry"),
}


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("far siren > 0.8", Condition("sound", "siren", "far", 0.8)),
        ("  Near   WATER tap>0", Condition("sound", "water tap", "near", 0.0)),
        ("far sound clapping > 0.5", Condition("sound", "clapping", "far", 0.5)),
        ("siren > 0.8", Condition("sound", "siren", None, 0.8)),
        ("activity clapping > 0.9", Condition("activity", "clapping", None, 0.9)),
        ("talking > 0.9", Condition("activity", "talking", None, 0.9)),
        ("cleaning / laundry > .7", Condition("scenario", "Cleaning / laundry", None, 0.7)),
        ("scenario cooking > 0.7", Condition("scenario", "Cooking", None, 0.7)),
        ("no motion for 2 h", Condition("still", for_s=7_200)),
        ("No motion 90 s", Condition("still", for_s=90)),
        ("device silent 10 min", Condition("silent", for_s=600)),
        ("device silent for 1.5 d", Condition("silent", for_s=129_600)),
    ],
)
def test_a_rule_is_a_few_words(text: str, condition: Condition) -> None:
    assert parse_condition(text, NAMES) == condition


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("far sirne > 0.8", "name 'sirne' is of no sound; expected one like 'far siren > 0.8'"),
        ("clapping > 0.8", "is of 2 kinds; expected 'sound clapping' or 'activity clapping'"),
        ("far talking > 0.8", "name 'talking' is of no sound"),
        ("activity Cooking > 0.8", "name 'cooking' is of no activity"),
        ("siren > 80 %", "probability is '80 %'; expected a number from 0 to below 1"),
        ("siren > 1", "probability is '1'"),
        ("siren > -0.1", "probability is '-0.1'"),
        ("siren > nan", "probability is 'nan'"),
        ("siren", "rule is 'siren'; expected one like"),
        ("", "rule is ''"),
        ("no motion for ever", "duration is 'ever'; expected a number and a unit, such as 90 s"),
        ("device silent for 0 min", "duration is '0 min'"),
    ],
)
def test_what_cannot_be_meant_says_what_would_be_right(text: str, why: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_condition(text, NAMES)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_durations_have_a_unit() -> None:
    assert [duration_s(text) for text in ("30 s", "10min", " 2 h ", "1 d")] == [
        30,
        600,
        7_200,
        86_400,
    ]


def test_the_same_happening_has_the_same_id_and_no_other_has() -> None:
    one = notification_id("siren", "d", "w")
    assert one == notification_id("siren", "d", "w")
    others = {("siren", "d", "x"), ("siren", "e", "w"), ("Siren", "d", "w"), ("sirend", "", "w")}
    assert len({notification_id(*each) for each in others} | {one}) == 5
