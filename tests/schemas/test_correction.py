from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from schemas import Correction, NamedSpan
from schemas.correction import MAX_SPAN_NS

ID = "a" * 32
HOUR = 3_600_000_000_000


def span(start: int, end: int, *labels: str) -> NamedSpan:
    return NamedSpan(start_ns=start * HOUR, end_ns=end * HOUR, labels=list(labels))


def correction(**changed: Any) -> Correction:
    fields: dict[str, Any] = {
        "device_id": "d",
        "correction_id": ID,
        "action": "correct",
        "row": "scenario",
        "created_ns": 1,
        "after": [span(1, 2, "Cooking")],
    }
    return Correction(**{**fields, **changed})


def test_a_correction_spans_all_of_its_parts() -> None:
    split = correction(action="split", after=[span(1, 2, "Cooking"), span(2, 4, "Eating")])
    assert (split.start_ns, split.end_ns) == (HOUR, 4 * HOUR)
    assert split.names


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"after": [span(1, 2, "A"), span(3, 4, "B")], "action": "split"}, "hole or overlap"),
        ({"after": [span(1, 2, "A"), span(2, 4, "B")]}, "action 'correct' has 2 parts"),
        ({"action": "split"}, "action 'split' has 1 parts"),
        ({"after": [span(1, 2)]}, r"action 'correct' with labels \[\]"),
        ({"action": "confirm", "after": [span(1, 2)]}, "action 'confirm' has no labels"),
        ({"action": "delete"}, r"action 'delete' with labels \['Cooking'\]"),
        ({"action": "note", "after": [span(1, 2)], "note": " "}, "note is empty"),
        ({"action": "undo"}, "with undoes None; expected undo"),
        ({"undoes": "b" * 32}, "expected undo"),
        ({"after": [span(0, 25, "A")]}, "span lasts 25.0 h; expected at most 24 h"),
        ({"correction_id": "A" * 32}, "pattern"),
        ({"author": ""}, "at least 1 character"),
    ],
)
def test_what_contradicts_its_action_is_refused(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        correction(**changed)


def test_a_confirmation_says_nothing_of_parts_without_a_label() -> None:
    parts = [span(1, 2, "Cooking"), span(2, 3), span(3, 4, "Eating")]
    confirmation = correction(action="confirm", after=parts)
    assert confirmation.names
    assert confirmation.named == [parts[0], parts[2]]
    assert correction(action="delete", after=[span(1, 2)]).named == [span(1, 2)]
    assert correction(action="note", after=[span(1, 2)], note="with Ada").named == []


def test_a_day_is_not_too_long_and_an_instant_is_no_span() -> None:
    assert correction(after=[span(0, 24, "A")]).end_ns == MAX_SPAN_NS
    with pytest.raises(ValidationError, match="expected after"):
        span(2, 2, "A")
