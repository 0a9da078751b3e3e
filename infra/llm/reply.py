"""Parsing an endpoint's answer in all the shapes that compatible servers send.

The content may be text, a list of parts, a tool call's arguments or an event stream. It may be
missing because the tokens were spent on reasoning or because the model refused; each case is its
own error.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from infra.llm.budget import Usage
from infra.llm.call_error import CallError, status_error
from infra.llm.event_stream import completion_of
from schemas.answer_text import without_thoughts

if TYPE_CHECKING:
    from collections.abc import Mapping

Finish = Literal["stop", "length", "refusal"]

# Text beyond the token limit is cut off; no token has twenty characters.
_MAX_CHARS_A_TOKEN = 20
_MAX_CHARS = 64_000
_TOKENS_MAX = 10_000_000
_SHOWN_CHARS = 80
# Finish reasons of OpenAI, Anthropic, Gemini, and of servers that pass theirs through.
_FINISHES: Mapping[str, Finish] = {
    **dict.fromkeys(("length", "max_tokens", "max_output_tokens", "model_length"), "length"),
    **dict.fromkeys(
        ("content_filter", "refusal", "safety", "recitation", "blocklist", "prohibited_content"),
        "refusal",
    ),
}
# Types of content parts that are not part of the answer.
_ASIDES = ("thinking", "thought", "reasoning", "redacted", "refusal")


@dataclass(frozen=True)
class AnswerLimit:
    """The answer's token limit, and the setting that it comes from."""

    tokens: int
    name: str

    def __str__(self) -> str:
        return f"cut at its limit of {self.tokens} tokens (finish_reason length); raise {self.name}"


@dataclass(frozen=True)
class Reply:
    """The answer's text without reasoning, and why it ended.

    `usage` is the endpoint's reported usage, or None.
    """

    text: str
    usage: Usage | None
    finish: Finish = "stop"

    def unusable(self, error: ValueError, limit: AnswerLimit) -> CallError:
        """Return the error for an answer that its reader rejected."""
        if self.finish == "length":
            return CallError("length", f"{error}; the answer was {limit}", usage=self.usage)
        if self.finish == "refusal":
            text = f"{error}; the model or a filter refused to answer"
            return CallError("refusal", text, usage=self.usage)
        return CallError("invalid", str(error), usage=self.usage)


def read_reply(body: bytes, limit: AnswerLimit) -> Reply:
    """Parse a completion's `body`; raises `CallError` if it has no usable answer."""
    try:
        return _parse_completion(_completion(body), limit)
    except RecursionError as error:
        raise CallError("malformed", "the answer is nested too deeply", retry=True) from error


def _parse_completion(completion: dict[str, Any], limit: AnswerLimit) -> Reply:
    _refuse_error(completion)
    try:
        choice = completion["choices"][0]
        _refuse_error(choice)
        message = choice.get("message") or choice.get("delta")
        content = choice.get("text") if message is None else message.get("content")
    except (LookupError, TypeError, AttributeError) as error:
        raise CallError("malformed", "the answer has no choices", retry=True) from error
    message = message if isinstance(message, dict) else {}
    usage = _usage(completion.get("usage"))
    finish = _FINISHES.get(str(choice.get("finish_reason")).casefold(), "stop")
    refusal = _refusal(message, content).strip()
    if refusal:
        finish = "refusal"
    whole = _text(content)
    text = without_thoughts(whole)
    if not text.strip():
        text = _arguments(message)
    reasoning = _reasoning(message)
    if not text.strip() and finish == "stop" and _is_object(reasoning):
        # Some servers report an answer without reasoning as reasoning without an answer.
        text = reasoning
    if text.strip():
        # JSON may contain a lone surrogate, which cannot be encoded.
        text = text.encode("utf-8", "replace").decode()
        return Reply(text[: min(_MAX_CHARS_A_TOKEN * limit.tokens, _MAX_CHARS)], usage, finish)
    thoughts = bool(reasoning.strip() or whole.strip())
    raise _nothing(finish, refusal, thoughts, limit, usage)


def _nothing(
    finish: Finish, refusal: str, thoughts: bool, limit: AnswerLimit, usage: Usage | None
) -> CallError:
    content = "content empty, thoughts only" if thoughts else "content empty"
    if refusal:
        text = f"the model refused to answer: {refusal[:_SHOWN_CHARS]!r}"
        return CallError("refusal", text, usage=usage)
    if finish == "refusal":
        text = f"the endpoint's filter stopped the answer ({content})"
        return CallError("refusal", text, usage=usage)
    if finish == "length":
        text = f"the answer has no text ({content}): it was {limit}"
        return CallError("length", text, usage=usage)
    return CallError("empty", f"the answer has no text ({content})", usage=usage)


def _completion(body: bytes) -> dict[str, Any]:
    try:
        completion = json.loads(body)
    except (ValueError, RecursionError):
        try:
            completion = completion_of(body.decode("utf-8-sig", "replace"))
        except (ValueError, RecursionError):
            completion = None
        if completion is None:
            raise CallError("malformed", "the answer is no JSON", retry=True) from None
    if not isinstance(completion, dict):
        raise CallError("malformed", "the answer has no choices", retry=True)
    return completion


def _refuse_error(answer: Mapping[str, Any]) -> None:
    """Raise the error that a response of status 200 may carry, without repeating its text."""
    error = answer.get("error")
    if not error:
        return
    code = error.get("code") if isinstance(error, dict) else None
    if type(code) is int and 400 <= code <= 599:
        raise status_error(code, f"the endpoint answered with an error {code}", free=False)
    raise CallError("status", "the endpoint answered with an error", retry=True)


def _text(content: Any) -> str:
    return "".join(map(_part, content if isinstance(content, list) else [content]))


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict) or part.get("thought") is True:
        return ""
    kind, text = part.get("type"), part.get("text")
    if isinstance(kind, str) and kind.startswith(_ASIDES):
        return ""
    text = text.get("value") if isinstance(text, dict) else text
    if isinstance(text, str):
        return text
    # Some servers return arguments already parsed.
    return "" if isinstance(kind, str) else json.dumps(part)


def _arguments(message: Mapping[str, Any]) -> str:
    """Return the first tool call's arguments: some servers turn a schema into a tool."""
    calls = message.get("tool_calls")
    call = calls[0] if isinstance(calls, list) and calls else message
    names = ("function", "function_call")
    for function in (call.get(name) for name in names) if isinstance(call, dict) else ():
        if isinstance(function, dict):
            arguments = function.get("arguments")
            return arguments if isinstance(arguments, str) else _text(arguments)
    return ""


def _reasoning(message: Mapping[str, Any]) -> str:
    for name in ("reasoning_content", "reasoning"):
        if isinstance(message.get(name), str):
            return str(message[name])
    return ""


def _refusal(message: Mapping[str, Any], content: Any) -> str:
    parts = content if isinstance(content, list) else []
    for part in (message, *parts):
        if isinstance(part, dict) and isinstance(part.get("refusal"), str):
            return str(part["refusal"])
    return ""


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _usage(usage: Any) -> Usage | None:
    if not isinstance(usage, dict):
        return None
    prompt, answer = _tokens(usage.get("prompt_tokens")), _tokens(usage.get("completion_tokens"))
    return None if prompt is None or answer is None else Usage(prompt, answer)


def _tokens(count: Any) -> int | None:
    return count if type(count) is int and 0 <= count <= _TOKENS_MAX else None
