from __future__ import annotations

from typing import TYPE_CHECKING

from models.research.lanhar.interpretation.answers import Answers

if TYPE_CHECKING:
    from pathlib import Path

HELLO = [{"role": "user", "content": "hello"}]


def test_an_answer_is_found_by_what_was_asked(tmp_path: Path) -> None:
    answers = Answers(tmp_path)
    key = answers.key("m", "form", HELLO)
    assert answers.find(key) is None
    answers.keep(key, "m", "hi ✓", (3, 1))
    assert Answers(tmp_path).find(key) == "hi ✓"


def test_another_model_form_or_question_is_another_key(tmp_path: Path) -> None:
    answers = Answers(tmp_path)
    keys = {
        answers.key("m", "form", HELLO),
        answers.key("n", "form", HELLO),
        answers.key("m", "other", HELLO),
        answers.key("m", "form", [{"role": "user", "content": "hello!"}]),
        answers.key("m", "form", HELLO * 2),
    }
    assert len(keys) == 5


def test_a_torn_file_counts_as_no_answer_and_is_replaced(tmp_path: Path) -> None:
    answers = Answers(tmp_path)
    key = answers.key("m", "form", HELLO)
    answers.keep(key, "m", "hi", (1, 1))
    [path] = tmp_path.rglob("*.json")
    for torn in ('{"answer": "h', "[]", '{"answer": 3}', ""):
        path.write_text(torn, encoding="utf-8")
        assert answers.find(key) is None
    answers.keep(key, "m", "again", (1, 1))
    assert answers.find(key) == "again"
    assert [p.suffix for p in tmp_path.rglob("*") if p.is_file()] == [".json"]
