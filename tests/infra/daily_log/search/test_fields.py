from __future__ import annotations

import pytest

from infra.daily_log.search.fields import SearchFieldError, query_of
from models.labels import NAMES_BY_KIND
from tests.infra.daily_log.search.named import each_of

NOW_NS = 1_795_000_000 * 10**9


def test_a_field_takes_precedence_over_words_of_its_kind() -> None:
    asked = {"words": "cooking clapping near", "sound": "speech", "where": "left,far"}
    query = query_of(asked, NAMES_BY_KIND, NOW_NS)
    assert query.named == (*each_of(sound="speech"), *each_of(scenario="Cooking"))
    assert query.places == ("left", "far")


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("where", "above", "some of near, far, front, left, right, back, with commas"),
        ("worn", "foot", "one of head, "),
        ("zone", "Mars/Olympus", "a name like Europe/Berlin"),
        ("confidence_from", "much", "a number from 0 to 1"),
        ("confidence_below", "2", "a number from 0 to 1"),
        ("words", "9999 years ago", "a time within this calendar"),
    ],
)
def test_a_field_that_cannot_be_is_named(field: str, value: str, expected: str) -> None:
    with pytest.raises(SearchFieldError) as raised:
        query_of({field: value}, NAMES_BY_KIND, NOW_NS)
    assert (raised.value.field, raised.value.value) == (field, value)
    assert raised.value.expected.startswith(expected)
    assert str(raised.value).startswith(
        f"parameter {field} has value {value!r}; expected {expected}"
    )
