"""The error of one failed call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.errors import LlmError
from infra.metric_labels import LLM_UNUSABLE

if TYPE_CHECKING:
    from infra.llm.budget import Usage

_RETRIED = frozenset({408, 409, 425, 500, 502, 503, 504, 529})


class CallError(LlmError):
    """A call was made and gave no usable answer.

    `retry`: whether another attempt may succeed; `free`: whether it certainly was not billed;
    `wait_s`: the wait that the endpoint asked for; `usage`: the tokens that it reported.
    """

    def __init__(
        self,
        outcome: str,
        text: str,
        *,
        retry: bool = False,
        free: bool = False,
        wait_s: float | None = None,
        status: int | None = None,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(outcome, text, tokens=0 if usage is None else usage.tokens)
        self.retry = retry
        self.free = free
        self.wait_s = wait_s
        self.status = status
        self.usage = usage


def status_error(status: int, text: str, *, free: bool, wait_s: float | None = None) -> CallError:
    """Return the error for an HTTP status of 400 or above."""
    limited = status == 429
    return CallError(
        "rate_limited" if limited else "status",
        text + ("" if wait_s is None else f" and asked to wait {wait_s:g} s"),
        retry=limited or status in _RETRIED,
        free=free,
        wait_s=wait_s,
        status=status,
    )


def without_answer(error: LlmError) -> str:
    """Return an error's text without an answer's words, which may be about a wearer."""
    return f"unusable answer ({error.outcome})" if error.outcome in LLM_UNUSABLE else str(error)
