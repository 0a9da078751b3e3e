"""A question about a log to the language model, if one is configured.

GET  /api/v1/ask   the configured model, if any
POST /api/v1/ask   `{"device", "question"}`, and optionally `from`, `to` and `zone`: an answer with
                   the records that it cites
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from infra.errors import LlmError
from operators.questions import MAX_QUESTION_CHARS
from schemas.message import END_OF_TIME_NS, DeviceId
from streams.questions.log_answer import NOT_CONFIGURED, answered
from streams.web import parameters
from streams.web.search import hit_row
from streams.web.writing import WriteRefusedError, body_of, read_as

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.llm import Llm
    from streams.web.logs import Logs


class Question(BaseModel):
    """A question about a device's log; times as ISO 8601 or ns, `zone` an IANA name."""

    model_config = ConfigDict(extra="forbid")

    device: DeviceId
    question: str = Field(min_length=1, max_length=MAX_QUESTION_CHARS)
    from_: str | None = Field(default=None, alias="from", max_length=64)
    to: str | None = Field(default=None, max_length=64)
    zone: str = Field(default="UTC", max_length=64)


@dataclass(frozen=True)
class QuestionViews:
    """The handlers; `llm` returns the language model with its name, or None."""

    logs: Logs
    llm: Callable[[], tuple[Llm, str] | None]

    async def state(self, request: web.Request) -> web.Response:
        """Return `{model}`, null if none is configured."""
        parameters.refuse_unknown(request.query, ())
        known = self.llm()
        return web.json_response({"model": None if known is None else known[1]})

    async def ask(self, request: web.Request) -> web.Response:
        """Answer a question, with the cited records."""
        asked = read_as(Question, await body_of(request))
        known = self.llm()
        if known is None:
            raise WriteRefusedError(409, NOT_CONFIGURED)
        device = await self.logs.device(asked.device)
        every = {"from": asked.from_, "to": asked.to}
        times = {name: text for name, text in every.items() if text is not None}
        zone = parameters.zone({"zone": asked.zone})
        span = parameters.span(times, device, END_OF_TIME_NS)
        first = span.from_ns if asked.from_ is not None else device.first_ns
        past = max(parameters.past_end(times, span), first + 1)
        try:
            answer = await answered(
                self.logs.store(), known[0], asked.device, asked.question, (first, past), zone
            )
        except LlmError as error:
            raise WriteRefusedError(502, f"the language model gave no answer: {error}") from error
        return web.json_response(
            {**answer._asdict(), "records": [hit_row(hit) for hit in answer.records]}
        )
