from __future__ import annotations

import pytest
from pydantic import BaseModel

from infra.llm.structured import correction, parse


class Number(BaseModel):
    number: int


@pytest.mark.parametrize(
    "text",
    [
        '{"number": 3}',
        'Well: {"number": 3}.',
        '```\n{"number": 3}\n```',
        ' {"number":3} ',
        '~~~json\n{"number": 3}\n~~~',
        '```json\n{"number": 3}',
        '<think>{"number": 4}</think>{"number": 3}',
        '{"number": "a whole number"}\n{"number": 3}',
        '{"number": 4}\n{"number": 3}\nThat is {three}.',
        '{"answer": {"number": 3}}',
    ],
)
def test_json_is_found_in_whatever_surrounds_it(text: str) -> None:
    assert parse(text, Number) == Number(number=3)


@pytest.mark.parametrize(
    "text", ["", "three", "{", '{"number": 1.5}', "[3]", '<think>{"number": 3}']
)
def test_what_is_not_the_form_says_why(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w+: \w+"):
        parse(text, Number)


def test_sentences_may_hold_line_breaks() -> None:
    class Sentence(BaseModel):
        text: str

    assert parse('{"text": "one\ntwo"}', Sentence).text == "one\ntwo"


def test_the_reason_is_the_last_objects() -> None:
    with pytest.raises(ValueError, match="number: Input should be a valid integer, unable"):
        parse('{"nothing": 1} {"number": "many"}', Number)


def test_a_correction_shows_the_answer_and_says_what_is_wrong_with_it() -> None:
    chat = [{"role": "user", "content": "say 3"}]
    assert correction(chat, "three", "number: missing") == [
        {"role": "user", "content": "say 3"},
        {"role": "assistant", "content": "three"},
        {"role": "user", "content": "number: missing. Answer with valid JSON alone."},
    ]
