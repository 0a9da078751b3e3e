from __future__ import annotations

import json

import pytest

from operators.errors import AnswerError
from operators.prompting import load_template
from operators.questions import MAX_CITED, Answered, Fact, question_messages, read_answered

DAY = "Monday 2026-03-02"
FACTS = [
    Fact(f"{DAY} 09:00", f"{DAY} 09:30", "Cooking", ("standing", "walking"), ("frying",)),
    Fact(f"{DAY} 10:00", f"{DAY} 10:30", ""),
]


def test_a_model_is_given_numbered_facts() -> None:
    template = load_template("question.v1")
    chat = question_messages(template, "when did I cook?", FACTS, "Tuesday 2026-03-03 09:00")
    assert [each["role"] for each in chat] == ["system", "user"]
    assert json.loads(chat[1]["content"]) == {
        "question": "when did I cook?",
        "now": "Tuesday 2026-03-03 09:00",
        "facts": [
            {
                "fact": 1,
                "from": "Monday 2026-03-02 09:00",
                "to": "Monday 2026-03-02 09:30",
                "was": "Cooking",
                "did": ["standing", "walking"],
                "heard": ["frying"],
            },
            {
                "fact": 2,
                "from": "Monday 2026-03-02 10:00",
                "to": "Monday 2026-03-02 10:30",
                "was": "unknown",
            },
        ],
    }


@pytest.mark.parametrize(
    ("answer", "answered"),
    [
        ('{"answer": "At 9.", "facts": [1]}', Answered("At 9.", (0,))),
        ('<think>1?</think>{"answer": "Twice,\\n at 9.", "facts": [2, 1, 2]}',
         Answered("Twice, at 9.", (0, 1))),
        ('Sure: {"answer": "At 9.", "facts": [1, 7, 0, -1, "2", true]}', Answered("At 9.", (0,))),
        # Nobody could look up what rests on nothing.
        ('{"answer": "At 9.", "facts": []}', Answered(None, ())),
        ('{"answer": "At 9."}', Answered(None, ())),
        ('{"answer": "At 9.", "facts": [3]}', Answered(None, ())),
        ('{"answer": "", "facts": [1]}', Answered(None, ())),
    ],
)  # fmt: skip
def test_an_answer_rests_on_facts_that_there_are(answer: str, answered: Answered) -> None:
    assert read_answered(answer, 2) == answered


def test_an_answer_is_as_long_as_somebody_reads_and_cites_as_much() -> None:
    answer = json.dumps({"answer": "long " * 1_000, "facts": [*range(1, 100)]})
    answered = read_answered(answer, 99)
    assert answered.text is not None
    assert len(answered.text) == 1_000
    assert answered.facts == tuple(range(MAX_CITED))


@pytest.mark.parametrize("answer", ["", "At 9.", "[1]", '{"facts": [1]}', '{"answer": 9}'])
def test_another_form_is_refused(answer: str) -> None:
    with pytest.raises(AnswerError, match="no object of an answer"):
        read_answered(answer, 2)
