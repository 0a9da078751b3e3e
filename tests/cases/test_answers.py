from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cases import answers
from tests.cases.__main__ import main
from tests.pipeline.llm_endpoint import completion

if TYPE_CHECKING:
    from pathlib import Path

EATING = completion('<think>Cutlery.</think>{"scenarios": ["Eating"]}')
EMPTY = json.dumps({"choices": [{"finish_reason": "length", "message": {"content": ""}}]}).encode()
STREAM = b'data: {"choices": [{"delta": {"content": "Eating"}}]}\n\ndata: [DONE]\n\n'
RULE = "if 'response_format' in request: answer 501 'no grammar' else: answer body of Eating"
SCHEMA_RULE = "if response_format is json_schema: answer 400 'no'\nelse: answer body of Eating"


def verdict(folder: Path, expect: str, **files: bytes | str) -> answers.Verdict:
    for name, content in files.items():
        path = folder / name.replace("_", ".")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    assert answers.is_case(folder)
    return answers.run(folder, expect)


@pytest.mark.parametrize(
    ("name", "content", "expect"),
    [
        ("body_json", EATING, "the answer behind the thoughts counts: Eating"),
        ("body_txt", STREAM, "Eating"),
        (
            "body_json",
            EMPTY,
            "the reason names the token limit; a failure for the breaker",
        ),
        ("body_json", EMPTY, "content empty, is counted, and the limit can be set"),
        ("rule_txt", RULE, "the next weaker form is tried"),
        ("rule_txt", SCHEMA_RULE, "Eating; the next weaker form is tried"),
    ],
)
def test_what_holds_is_ok(tmp_path: Path, name: str, content: bytes | str, expect: str) -> None:
    assert verdict(tmp_path, expect, **{name: content}).held is True


@pytest.mark.parametrize(
    ("name", "content", "expect"),
    [
        ("body_json", EATING, "Cooking"),
        ("body_json", EMPTY, "Eating"),
        ("body_json", EATING, "it counts as a failure for the breaker"),
        ("body_json", EATING, "the reason names the token limit"),
        ("body_json", EATING, "the answer is counted"),
        ("body_json", EATING, "the next weaker form is tried"),
    ],
)
def test_what_does_not_hold_fails(
    tmp_path: Path, name: str, content: bytes | str, expect: str
) -> None:
    assert verdict(tmp_path, expect, **{name: content}).held is False


def test_what_says_nothing_countable_is_not_checked(tmp_path: Path) -> None:
    assert verdict(tmp_path, "it works well", body_json=EATING).held is None
    (tmp_path / "body.json").unlink()
    assert verdict(tmp_path, "Eating", rule_txt="answers now and then").held is None


def test_the_command_runs_answers_beside_recordings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thoughts").mkdir()
    (tmp_path / "thoughts" / "body.json").write_bytes(EATING)
    (tmp_path / "thoughts" / "expect.txt").write_text("Eating")
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "thoughts  ok           refined as Eating",
        "1 cases, 0 failed",
    ]
