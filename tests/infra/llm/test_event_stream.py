from __future__ import annotations

import json
from typing import Any

import pytest

from infra.llm.event_stream import completion_of


def chunk(text: Any = None, finish: str | None = None, **more: Any) -> str:
    delta = {"content": text} | more
    return json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def events(*data: str, end: str = "\n\n") -> str:
    return "".join(f"data: {each}{end}" for each in data)


PIECES = (chunk(role="assistant"), chunk("Coo"), chunk("king"), chunk(finish="stop"))
USAGE = {"prompt_tokens": 7, "completion_tokens": 3}
WHOLE = {
    "choices": [{"message": {"content": ["Coo", "king"]}, "finish_reason": "stop"}],
}


@pytest.mark.parametrize(
    "body",
    [
        events(*PIECES, "[DONE]"),
        events(*PIECES),
        events(*PIECES, "[DONE]", end="\r\n\r\n"),
        events(*PIECES, "[DONE]", end="\n"),
        ": processing\n\nevent: message\nid: 7\n" + events(*PIECES, "[DONE]"),
        events(*PIECES, "[DONE]").replace("data: ", "data:"),
        "\n".join(PIECES),
        "\n".join(
            f"data: {line}" for line in json.dumps(json.loads(PIECES[1]), indent=1).split("\n")
        )
        + "\n\n"
        + events(*PIECES[2:]),
    ],
    ids=["done", "no-end", "crlf", "no-empty-line", "comments", "no-space", "lines", "many-lines"],
)
def test_the_pieces_of_a_stream_are_joined(body: str) -> None:
    assert completion_of(body) == WHOLE


def test_usage_comes_with_the_last_event() -> None:
    body = events(*PIECES, json.dumps({"choices": [], "usage": USAGE}))
    assert completion_of(body) == {**WHOLE, "usage": USAGE}


def test_each_field_is_joined_by_itself() -> None:
    body = events(
        chunk(reasoning_content="Wa"),
        chunk(reasoning_content="ter", refusal="No"),
        chunk(tool_calls=[{"index": 0, "function": {"name": "answer", "arguments": '{"a"'}}]),
        chunk(tool_calls=[{"index": 1, "function": {"arguments": "other"}}]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": ": 1}"}}]),
        json.dumps({"choices": [{"index": 1, "delta": {"content": "the second answer"}}]}),
        chunk([{"type": "text", "text": "part"}], finish="length"),
    )
    assert completion_of(body) == {
        "choices": [
            {
                "message": {
                    "reasoning_content": "Water",
                    "refusal": "No",
                    "tool_calls": [{"function": {"arguments": '{"a": 1}'}}],
                    "content": [{"type": "text", "text": "part"}],
                },
                "finish_reason": "length",
            }
        ]
    }


def test_a_whole_message_stands_for_the_pieces_before_it() -> None:
    last = json.dumps({"choices": [{"message": {"content": "Cooking"}}]})
    completion = completion_of(events(*PIECES[:3], last))
    assert completion == {"choices": [{"message": {"content": "Cooking"}}]}


def test_an_error_in_the_stream_is_kept() -> None:
    error = {"code": 502}
    completion = completion_of(events(chunk("Coo"), json.dumps({"error": error})))
    assert completion is not None
    assert completion["error"] == error


def test_line_separators_inside_of_json_end_no_event() -> None:
    body = events('{"choices": [{"delta": {"content": "a\u2028b\x85c"}}]}')
    assert completion_of(body) == {"choices": [{"message": {"content": ["a\u2028b\x85c"]}}]}


@pytest.mark.parametrize("body", ["", "no", "<html></html>", "event: ping\n\n", "data: [DONE]\n\n"])
def test_what_has_no_event_is_no_stream(body: str) -> None:
    assert completion_of(body) is None


@pytest.mark.parametrize(
    "body",
    [events(PIECES[1])[:-9], events(PIECES[1], "{oops", PIECES[2]), "data: 12\n\n", "{\n 'a"],
)
def test_a_damaged_event_makes_no_answer(body: str) -> None:
    with pytest.raises(ValueError, match=r"event|Expecting|Extra|delimiter"):
        completion_of(body)


@pytest.mark.parametrize("event", [{}, {"choices": None}, {"choices": [1]}, {"choices": [{}]}])
def test_events_without_content_are_passed_over(event: dict[str, Any]) -> None:
    assert completion_of(events(json.dumps(event))) == {"choices": [{"message": {}}]}
