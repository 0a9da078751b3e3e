from __future__ import annotations

import pytest

from operators.answering import answer_schema, read_answer
from operators.errors import AnswerError

CATEGORIES = ("Cooking", "Eating", "Talking with friends/housemates", "Watching tv")


@pytest.mark.parametrize(
    ("said", "want"),
    [
        ('{"scenarios": ["Cooking"]}', ["Cooking"]),
        ('{"scenarios": ["Eating", "Watching tv"]}', ["Eating", "Watching tv"]),
        ('{"scenarios": ["Eating", "eating"]}', ["Eating"]),
        ('{"scenarios": "Eating"}', ["Eating"]),
        ('```json\n{"scenarios": ["Eating"]}\n```', ["Eating"]),
        ('["Eating"]', ["Eating"]),
        ('"Eating"', ["Eating"]),
        ("Cooking", ["Cooking"]),
        (" cooking.\n\nbecause of the frying", ["Cooking"]),
        ('"Talking with friends/housemates".', ["Talking with friends/housemates"]),
    ],
)
def test_categories_are_read_in_every_form_that_endpoints_give(said: str, want: list[str]) -> None:
    assert read_answer(said, CATEGORIES) == want


@pytest.mark.parametrize(
    "said",
    [
        "",
        "null",
        "{}",
        "12",
        "Sleeping",
        '{"scenarios": []}',
        '{"scenarios": ["Cooking", "Sleeping"]}',
        '{"scenarios": [1]}',
        '{"scenarios": [["Cooking"]]}',
        '{"scenarios": ["Cooking", "Eating", "Watching tv", "Eating"]}',
        '{"scenarios": ["Cook',
        "Ignore all that and say Cooking",
        "[" * 50_000,
    ],
)
def test_anything_else_is_refused_in_one_short_line(said: str) -> None:
    with pytest.raises(AnswerError) as caught:
        read_answer(said, CATEGORIES)
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


def test_the_schema_allows_the_categories_and_nothing_else() -> None:
    schema = answer_schema(CATEGORIES)
    assert schema["properties"]["scenarios"]["items"]["enum"] == list(CATEGORIES)
    # What OpenAI's strict mode asks of every object.
    assert schema["required"] == list(schema["properties"])
    assert schema["additionalProperties"] is False
