from __future__ import annotations

import pytest

from schemas.answer_text import json_candidates, without_thoughts


@pytest.mark.parametrize(
    "answer",
    [
        "<think>\nHm.\n</think>yes",
        "<think></think>yes",
        "<THINK>Hm.</Think>yes",
        "<thinking>Hm.</thinking>yes",
        '<think type="long">Hm.</think>yes',
        "<seed:think>Hm.</seed:think>yes",
        "<reasoning>Hm.</reasoning >yes",
        "Hm.</think>yes",
        "<think>a<think>b</think>c</think>yes",
        "<think>the tag <think> opens</think>yes",
        "ye<think>Hm.</think>s",
        "yes<think>and so on",
        "[THINK]Hm.[/THINK]yes",
        "◁think▷Hm.◁/think▷yes",
        "<|begin_of_thought|>Hm.<|end_of_thought|>yes",
        "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>yes",
        "yes",
    ],
)
def test_thoughts_are_no_part_of_an_answer(answer: str) -> None:
    assert without_thoughts(answer) == "yes"


@pytest.mark.parametrize("answer", ["<think>Hm.", "a</think>", "<|channel|>analysis<|message|>Hm."])
def test_thoughts_that_never_end_leave_nothing(answer: str) -> None:
    assert without_thoughts(answer) == ""


@pytest.mark.parametrize("answer", ["<thinker>yes", "I think yes", "<b>yes</b>", "a < b"])
def test_what_only_looks_like_thoughts_stays(answer: str) -> None:
    assert without_thoughts(answer) == answer


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", []),
        ("no", []),
        ('{"a": 1}', [{"a": 1}]),
        ('{"a": 1}{"b": 2}', [{"b": 2}, {"a": 1}]),
        ('so {it} is: {"a": [1]} {"b', [{"a": [1]}]),
        ('{"a": {"b": {}}, "c": {}}', [{"a": {"b": {}}, "c": {}}, {"b": {}}, {}, {}]),
        ("one [1] two [2]", [[2], [1]]),
        ('[1] {"a": 1}', [{"a": 1}]),
        ('["a", {"a": 1}]', [{"a": 1}]),
        ('["a"', []),
    ],
)
def test_objects_come_from_the_last_to_the_first(text: str, values: list[object]) -> None:
    assert list(json_candidates(text)) == values


@pytest.mark.parametrize("text", ['{"a":' * 20_000, "{" * 64_000, '{"' * 32_000])
def test_braces_without_end_hold_nothing_up(text: str) -> None:
    assert list(json_candidates(text)) == []
