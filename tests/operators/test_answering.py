from __future__ import annotations

import pytest

from operators.answering import answer_schema, read_answer
from operators.errors import AnswerError

CATEGORIES = ("Cooking", "Eating", "Talking with friends/housemates", "Watching tv")
COOKING = ["Cooking"]


@pytest.mark.parametrize(
    ("answer", "want"),
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
        (
            '<think>\nWater, so {"scenarios": ["Eating"]}?\n</think>\n\n{"scenarios": ["Cooking"]}',
            COOKING,
        ),
        ("Water, so the kitchen.\n</think>\nCooking", COOKING),
        ('{"scenarios": ["Cooking"]}\nI chose this because of the sounds.', COOKING),
        ('Sure! Here it is:\n{"scenarios": ["Cooking"]}', COOKING),
        ('Because of {frying}:\n{"scenarios": ["Cooking"]} Anything else?', COOKING),
        ('JSON: {"scenarios": ["Cooking"]}', COOKING),
        ('json\n{"scenarios": ["Cooking"]}', COOKING),
        ('~~~json\n{"scenarios": ["Cooking"]}\n~~~', COOKING),
        ('```JSON\n{"scenarios": ["Cooking"]}\n```\nAs asked.', COOKING),
        ('Here:\n````json5\n{"scenarios": ["Cooking"]}', COOKING),
        ("```\nCooking\n```", COOKING),
        ("~~~text\nCooking\n~~~", COOKING),
        ("'''cooking'''", COOKING),
        ('```json\n["Cooking"]', COOKING),
        ('The answer is ["Cooking"].', COOKING),
        ('{"type": "object"}\n{"scenarios": ["Cooking"]}', COOKING),
        ('{"scenarios": ["Cooking"]}\n{"confidence": 0.8}', COOKING),
        ('{"scenarios": ["Eating"]}\nNo, wait:\n{"scenarios": ["Cooking"]}', COOKING),
        ('[{"scenarios": ["Cooking"]}]', COOKING),
        ('{"name": "answer", "arguments": {"scenarios": ["Cooking"]}}', COOKING),
        ('Cooking\n\n{"frying": 0.8}', COOKING),
    ],
)
def test_categories_are_read_in_every_form_that_endpoints_give(
    answer: str, want: list[str]
) -> None:
    assert read_answer(answer, CATEGORIES) == want


@pytest.mark.parametrize(
    "answer",
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
        '{"a":' * 50_000,
        "{" * 4_000,
        '<think>\nIt may be {"scenarios": ["Cooking"]}',
        "<think>Frying.</think>",
        "I cannot help with that. Cooking is not something I can judge.",
        '{"scenarios": ["Cooking", "Eating"',
        '{"scenarios": {"scenarios": "x"}}',
    ],
)
def test_anything_else_is_refused_in_one_short_line(answer: str) -> None:
    with pytest.raises(AnswerError) as caught:
        read_answer(answer, CATEGORIES)
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("{}", "the answer '{}' is not a list of 1 to 3 categories"),
        ("[]", "the answer '[]' is not a list of 1 to 3 categories"),
        ("12", "the answer '12' is not a list of 1 to 3 categories"),
        ("", "the answer '' is not a category"),
        ("Sleeping", "the answer 'Sleeping' is not a category"),
        ("[1]", "the answer '1' is not a category"),
        (
            "[" + "1," * 99 + "1]",
            f"the answer {'[' + '1,' * 39 + '1'!r} is not a list of 1 to 3 cat",
        ),
        ("x" * 99, f"the answer {'x' * 80!r} is not a category"),
        ('[["Cooking"]]', "the answer '[[\"Cooking\"]]' is not a list of 1 to 3 categories"),
        ("<think>Hm.</think>Sleeping", "the answer 'Sleeping' is not a category"),
        ('{"a": 1} or {"scenarios": ["Sleeping"]}', "the answer 'Sleeping' is not a category"),
    ],
)
def test_the_refusal_shows_the_answers_beginning(answer: str, error: str) -> None:
    with pytest.raises(AnswerError) as caught:
        read_answer(answer, CATEGORIES)
    assert str(caught.value).startswith(error)
    assert caught.value.reason == "answer"


def test_only_marks_are_stripped_of_a_lone_category() -> None:
    assert read_answer("*X-raying X*", ["X-raying X"]) == ["X-raying X"]


def test_three_categories_are_read_in_the_answers_order() -> None:
    three = [CATEGORIES[3], CATEGORIES[0], CATEGORIES[1]]
    assert read_answer(str(three).replace("'", '"'), CATEGORIES) == three


def test_the_schema_allows_the_categories_and_nothing_else() -> None:
    # What OpenAI's strict mode asks of an object: every property required, no other allowed.
    assert answer_schema(CATEGORIES) == {
        "type": "object",
        "properties": {
            "scenarios": {
                "type": "array",
                "items": {"type": "string", "enum": list(CATEGORIES)},
                "minItems": 1,
                "maxItems": 3,
            }
        },
        "required": ["scenarios"],
        "additionalProperties": False,
    }
