from __future__ import annotations

import json
from typing import Any

import pytest

from infra.llm.budget import Usage
from infra.llm.call_error import CallError
from infra.llm.reply import AnswerLimit, Reply, read_reply

LIMIT = AnswerLimit(200, "EGOLOG_LLM_ANSWER_TOKENS_MAX")
CUT = "cut at its limit of 200 tokens (finish_reason length); raise EGOLOG_LLM_ANSWER_TOKENS_MAX"
ANSWER = '{"scenarios": ["Cooking"]}'
USED = {"prompt_tokens": 300, "completion_tokens": 12}


def body(content: Any = None, finish: str | None = "stop", **message: Any) -> bytes:
    choice = {"message": {"role": "assistant", "content": content, **message}}
    return json.dumps({"choices": [{**choice, "finish_reason": finish}], "usage": USED}).encode()


def read_answer(answer: bytes) -> Reply:
    return read_reply(answer, LIMIT)


@pytest.mark.parametrize(
    "answer",
    [
        body(ANSWER),
        b"\xef\xbb\xbf" + body(ANSWER),
        b"\n\n \n" + body(ANSWER),
        body(ANSWER, finish=None),
        body(f"<think>Water.</think>{ANSWER}"),
        body([{"type": "text", "text": ANSWER}]),
        body([{"type": "output_text", "text": ANSWER[:9]}, {"type": "text", "text": ANSWER[9:]}]),
        body([ANSWER[:9], ANSWER[9:]]),
        body({"type": "text", "text": ANSWER}),
        body([{"text": {"value": ANSWER, "annotations": []}}]),
        body(
            [
                {"type": "thinking", "thinking": [{"text": "Water."}]},
                {"type": "text", "text": ANSWER},
            ]
        ),
        body([{"type": "reasoning", "text": "Water."}, {"type": "text", "text": ANSWER}]),
        body([{"text": "Water.", "thought": True}, {"text": ANSWER}]),
        body(json.loads(ANSWER)),
        body(tool_calls=[{"function": {"name": "answer", "arguments": ANSWER}}]),
        body(tool_calls=[{"function": {"name": "answer", "arguments": json.loads(ANSWER)}}]),
        body(function_call={"name": "answer", "arguments": ANSWER}),
        body("", reasoning_content=ANSWER),
        body(reasoning=ANSWER),
        body(ANSWER, refusal=""),
        body(ANSWER, reasoning_content="Water."),
        json.dumps({"choices": [{"text": ANSWER}], "usage": USED}).encode(),
        json.dumps({"choices": [{"delta": {"content": ANSWER}}], "usage": USED}).encode(),
        b"data: " + body(ANSWER) + b"\n\ndata: [DONE]\n\n",
        body(ANSWER) + b"\n" + b"data: [DONE]",
    ],
)
def test_an_answer_is_read_in_every_shape_that_endpoints_give_it(answer: bytes) -> None:
    reply = read_answer(answer)
    assert json.loads(reply.text) == json.loads(ANSWER)
    assert (reply.usage, reply.finish) == (Usage(300, 12), "stop")


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [
        (
            body("", finish="length", reasoning_content="The wearer seems to be"),
            "length",
            f"the answer has no text (content empty, thoughts only): it was {CUT}",
        ),
        (
            body("<think>The wearer seems", finish="length"),
            "length",
            f"the answer has no text (content empty, thoughts only): it was {CUT}",
        ),
        (
            body(None, finish="MAX_TOKENS"),
            "length",
            f"the answer has no text (content empty): it was {CUT}",
        ),
        (
            body("", finish="length", reasoning_content=ANSWER),
            "length",
            f"the answer has no text (content empty, thoughts only): it was {CUT}",
        ),
        (body(""), "empty", "the answer has no text (content empty)"),
        (body(" \n"), "empty", "the answer has no text (content empty)"),
        (body(None), "empty", "the answer has no text (content empty)"),
        (body([]), "empty", "the answer has no text (content empty)"),
        (body(12), "empty", "the answer has no text (content empty)"),
        (body([12, {"type": "image_url"}]), "empty", "the answer has no text (content empty)"),
        (
            body("", reasoning="Water, so the kitchen."),
            "empty",
            "the answer has no text (content empty, thoughts only)",
        ),
        (
            body(None, refusal="I cannot judge people."),
            "refusal",
            "the model refused to answer: 'I cannot judge people.'",
        ),
        (
            body([{"type": "refusal", "refusal": "x" * 99}]),
            "refusal",
            f"the model refused to answer: {'x' * 80!r}",
        ),
        (
            body(None, finish="content_filter"),
            "refusal",
            "the endpoint's filter stopped the answer (content empty)",
        ),
    ],
)
def test_an_answer_without_text_says_why(answer: bytes, outcome: str, reason: str) -> None:
    with pytest.raises(CallError) as caught:
        read_answer(answer)
    error = caught.value
    assert (error.outcome, str(error)) == (outcome, reason)
    assert (error.usage, error.tokens) == (Usage(300, 12), 312)
    # Asked again, it would be paid for again.
    assert (error.retry, error.free) == (False, False)


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [
        (b"", "malformed", "the answer is no JSON"),
        (body(ANSWER)[:-20], "malformed", "the answer is no JSON"),
        (b"data: " + body(ANSWER)[:-20], "malformed", "the answer is no JSON"),
        (b"<html>", "malformed", "the answer is no JSON"),
        (b"\xff\xfe\xfd", "malformed", "the answer is no JSON"),
        (b"[" * 100_000, "malformed", "the answer is no JSON"),
        (b"[]", "malformed", "the answer has no choices"),
        (b'{"choices": []}', "malformed", "the answer has no choices"),
        (b'{"choices": [null]}', "malformed", "the answer has no choices"),
        (b'{"choices": {"a": 1}}', "malformed", "the answer has no choices"),
        (b'{"choices": [{"message": "Cooking"}]}', "malformed", "the answer has no choices"),
        (b'{"error": {"code": 503}}', "status", "the endpoint answered with an error 503"),
        (b'{"error": "out of memory"}', "status", "the endpoint answered with an error"),
        (b'data: {"error": {"code": 429}}\n\n', "rate_limited", "answered with an error 429"),
        (b'{"choices": [{"error": {"code": "x"}}]}', "status", "answered with an error"),
    ],
)
def test_what_is_no_answer_may_be_asked_for_again(answer: bytes, outcome: str, reason: str) -> None:
    with pytest.raises(CallError) as caught:
        read_answer(answer)
    assert caught.value.outcome == outcome
    assert reason in str(caught.value)
    assert caught.value.retry
    assert not caught.value.free


@pytest.mark.parametrize(
    ("finish", "outcome", "reason"),
    [
        ("stop", "invalid", "bad"),
        ("tool_calls", "invalid", "bad"),
        (
            "length",
            "length",
            f"bad; the answer was {CUT}",
        ),
        ("content_filter", "refusal", "bad; the model or a filter refused to answer"),
    ],
)
def test_a_text_that_is_not_accepted_says_why_it_ended(
    finish: str, outcome: str, reason: str
) -> None:
    error = read_answer(body("Coo", finish=finish)).unusable(ValueError("bad"), LIMIT)
    assert (error.outcome, str(error), error.usage) == (outcome, reason, Usage(300, 12))


def test_words_beside_a_refusal_are_one() -> None:
    reply = read_answer(body("I am sorry.", refusal="I cannot judge people."))
    assert reply.unusable(ValueError("bad"), LIMIT).outcome == "refusal"


def test_a_text_is_kept_as_far_as_its_tokens_can_reach() -> None:
    assert read_answer(body(f"<think>{'x' * 9_000}</think>{'y' * 9_000}")).text == "y" * 4_000
    assert len(read_reply(body("y" * 90_000), AnswerLimit(50_000, "limit")).text) == 64_000


def test_a_text_can_always_be_encoded() -> None:
    answer = body("\\ud800 Cooking").replace(b"\\\\ud800", b"\\ud800")
    assert read_answer(answer).text == "? Cooking"


def outcome(answer: bytes) -> str:
    try:
        return type(read_answer(answer)).__name__
    except CallError as error:
        return error.outcome


def test_contents_that_are_nested_deeply_are_an_error_at_most() -> None:
    for depth in range(100, 2_000, 25):
        nested = b'{"a":' * depth + b"1" + b"}" * depth
        assert outcome(body("DEEP").replace(b'"DEEP"', nested)) in ("Reply", "malformed"), depth
