"""Extracts the JSON from a language model's answer, whatever surrounds it.

Not a message; it is here because operators and infra both read answers, and neither may import the
other.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_THOUGHTS = "think|thinking|thoughts?|reasoning|reflection|analysis"
# Tags of DeepSeek, Qwen and their kin, of Magistral and of Kimi, and gpt-oss's channels.
_MARK = re.compile(
    rf"(?P<opening><(?:\w{{1,10}}:)?(?:{_THOUGHTS})(?:\s[^<>]{{0,80}})?>|\[think\]|◁think▷"
    r"|<\|begin_of_thought\|>|<\|channel\|>\s{0,9}(?:analysis|commentary)[^<]{0,80}<\|message\|>)"
    rf"|</(?:\w{{1,10}}:)?(?:{_THOUGHTS})\s{{0,9}}>|\[/think\]|◁/think▷"
    r"|<\|end_of_thought\|>|<\|channel\|>\s{0,9}final[^<]{0,80}<\|message\|>",
    re.IGNORECASE,
)
# Each possible beginning of an object costs a scan of the whole text; no answer has this many.
_MAX_FAILURES = 200
# A model's sentences may have line breaks that strict JSON requires to be escaped.
_DECODER = json.JSONDecoder(strict=False)


def without_thoughts(text: str) -> str:
    """Return an answer without a reasoning model's thoughts, `<think>...</think>`.

    Thoughts without an opening tag, which some chat templates write into the prompt, end with the
    closing one; those without a closing tag never end.
    """
    kept: list[str] = []
    start, inside = 0, False
    for mark in _MARK.finditer(text):
        if mark["opening"]:
            if not inside:
                kept.append(text[start : mark.start()])
            inside = True
        else:
            if not inside:
                kept.clear()
            inside = False
            start = mark.end()
    if not inside:
        kept.append(text[start:])
    return "".join(kept)


def json_candidates(text: str) -> Iterator[Any]:
    """Yield the JSON objects in `text`, the last one first, or its lists if it has no brace.

    Models that draft, echo a schema or correct themselves put their answer last. Each object is
    followed by those inside it, so that an answer counts even if a model wrapped it.
    """
    for value in reversed(_values(text, "{" if "{" in text else "[")):
        waiting = [value]
        while waiting:
            outer = waiting.pop()
            yield outer
            if isinstance(outer, dict):
                inner = [each for each in outer.values() if isinstance(each, dict)]
                waiting += reversed(inner)


def _values(text: str, opening: str) -> list[Any]:
    values = []
    failures = 0
    at = text.find(opening)
    while at >= 0 and failures < _MAX_FAILURES:
        try:
            value, end = _DECODER.raw_decode(text, at)
        except RecursionError:
            break
        except ValueError:
            failures += 1
            end = at + 1
        else:
            values.append(value)
        at = text.find(opening, end)
    return values
