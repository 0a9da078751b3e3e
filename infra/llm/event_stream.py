"""Assembling a completion from an event stream, which some endpoints send unrequested."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# Not `str.splitlines`: other line separators may occur inside JSON strings.
_LINE_END = re.compile(r"\r\n|\r|\n")
_LAST = "[DONE]"
_TEXTS = ("reasoning_content", "reasoning", "refusal")


def completion_of(body: str) -> dict[str, Any] | None:
    """Return the completion from server-sent events or JSON lines, or None if there are none.

    Raises `ValueError` if one is damaged, because part of the answer is then missing.
    """
    events = 0
    completion: dict[str, Any] = {}
    choice: dict[str, Any] = {}
    pieces: dict[str, Any] = {}
    for event in _events(body):
        events += 1
        completion |= {name: event[name] for name in ("usage", "error") if event.get(name)}
        part = _first_choice(event)
        choice |= {
            name: part[name] for name in ("finish_reason", "error", "message") if part.get(name)
        }
        _append(pieces, part.get("delta"))
        _append(pieces, {"content": part.get("text")})
    if not events:
        return None
    # An event with the whole message repeats earlier pieces, so pieces take precedence.
    return {**completion, "choices": [{"message": pieces, **choice}]}


def _events(body: str) -> Iterator[dict[str, Any]]:
    lines: list[str] = []
    for line in (*_LINE_END.split(body), ""):
        if line.startswith(("data:", "{")):
            data = line.removeprefix("data:").strip()
            if data == _LAST:
                continue
            try:
                # Most events are one line, and some servers omit the empty line after it.
                event = None if lines else json.loads(data)
            except ValueError:
                event = None
            if event is None:
                lines.append(data)
                continue
        elif line or not any(lines):
            continue
        else:
            event = json.loads("\n".join(lines))
            lines = []
        if not isinstance(event, dict):
            raise ValueError("an event is no object")
        yield event


def _first_choice(event: dict[str, Any]) -> dict[str, Any]:
    choices = event.get("choices")
    for choice in choices if isinstance(choices, list) else []:
        if isinstance(choice, dict) and not choice.get("index"):
            return choice
    return {}


def _append(pieces: dict[str, Any], delta: Any) -> None:
    if not isinstance(delta, dict):
        return
    content = delta.get("content")
    if content:
        pieces.setdefault("content", []).extend(content if isinstance(content, list) else [content])
    for name in _TEXTS:
        if isinstance(delta.get(name), str):
            pieces[name] = pieces.get(name, "") + delta[name]
    calls = delta.get("tool_calls")
    for call in calls if isinstance(calls, list) else []:
        _append_arguments(pieces, call)


def _append_arguments(pieces: dict[str, Any], call: Any) -> None:
    function = call.get("function") if isinstance(call, dict) else None
    arguments = function.get("arguments") if isinstance(function, dict) else None
    if isinstance(arguments, str) and not call.get("index"):
        [first] = pieces.setdefault("tool_calls", [{"function": {"arguments": ""}}])
        first["function"]["arguments"] += arguments
