"""A question about a log to the language model, if one is configured.

GET  /api/v1/ask   the configured model, if any
POST /api/v1/ask   `{"device", "question"}`, and optionally `from`, `to` and `zone`: an answer with
                   the records that it cites
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from infra import clock
from infra.daily_log.archive import pieces
from infra.daily_log.search.finding import Hit, continued, find
from infra.daily_log.search.query import LogQuery
from infra.errors import LlmError
from operators.prompting import load_template
from operators.questions import (
    ANSWER_SCHEMA,
    MAX_FACTS,
    MAX_QUESTION_CHARS,
    Fact,
    question_messages,
    read_answered,
)
from schemas.frames import NS
from schemas.message import END_OF_TIME_NS, DeviceId
from streams.web import parameters
from streams.web.search import hit_row, zone_of
from streams.web.writing import WriteRefusedError, body_of, read_as

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from zoneinfo import ZoneInfo

    from infra.daily_log.records import DeviceSummary
    from infra.daily_log.store import LogStore
    from infra.llm import Llm

TEMPLATE = "question.v1"
NOT_CONFIGURED = "no language model is configured; expected EGOLOG_LLM_API_KEY"


class Question(BaseModel):
    """A question about a device's log; times as ISO 8601 or ns, `zone` an IANA name."""

    model_config = ConfigDict(extra="forbid")

    device: DeviceId
    question: str = Field(min_length=1, max_length=MAX_QUESTION_CHARS)
    from_: str | None = Field(default=None, alias="from", max_length=64)
    to: str | None = Field(default=None, max_length=64)
    zone: str = Field(default="UTC", max_length=64)


class LogAnswer(NamedTuple):
    """An answer, None if the log has none, and the spans that it cites.

    `asked_of` is the number of spans given to the model, `left_out` that of older ones omitted.
    """

    answer: str | None
    records: list[Hit]
    model: str
    asked_of: int
    left_out: int


class QuestionViews:
    """The handlers; `llm` returns the language model with its name, or None."""

    def __init__(
        self,
        store: Callable[[], LogStore],
        device: Callable[[str], Awaitable[DeviceSummary]],
        llm: Callable[[], tuple[Llm, str] | None],
    ) -> None:
        self._store = store
        self._device = device
        self._llm = llm

    async def state(self, request: web.Request) -> web.Response:
        """Return `{model}`, null if none is configured."""
        parameters.refuse_unknown(request.query, ())
        known = self._llm()
        return web.json_response({"model": None if known is None else known[1]})

    async def ask(self, request: web.Request) -> web.Response:
        """Answer a question, with the cited records."""
        asked = read_as(Question, await body_of(request))
        known = self._llm()
        if known is None:
            raise WriteRefusedError(409, NOT_CONFIGURED)
        device = await self._device(asked.device)
        every = {"from": asked.from_, "to": asked.to}
        times = {name: text for name, text in every.items() if text is not None}
        span = parameters.span(times, device, END_OF_TIME_NS)
        first = span.from_ns if asked.from_ is not None else device.first_ns
        past = max(parameters.past_end(times, span), first + 1)
        try:
            answer = await answered(self._store(), known[0], asked, (first, past))
        except LlmError as error:
            raise WriteRefusedError(502, f"the language model gave no answer: {error}") from error
        return web.json_response(
            {**answer._asdict(), "records": [hit_row(hit) for hit in answer.records]},
            dumps=json.dumps,
        )


async def answered(
    store: LogStore,
    llm: Llm,
    asked: Question,
    span: tuple[int, int],
    now_ns: int | None = None,
) -> LogAnswer:
    """Return a language model's answer about [from, to) of a log; raises `LlmError`.

    It is given the newest `MAX_FACTS` blocks of the span.
    """
    zone = zone_of({"zone": asked.zone})
    hits: list[Hit] = []
    async for piece in pieces(store, asked.device, *span):
        hits = continued(hits, find(piece.log, LogQuery(), piece.from_ns, piece.to_ns))
    shown = hits[-MAX_FACTS:]
    facts = [
        Fact(
            _moment(hit.start_ns, zone),
            _moment(hit.end_ns, zone),
            hit.scenario,
            hit.activities,
            hit.sounds,
        )
        for hit in shown
    ]
    if not facts:
        return LogAnswer(None, [], "", 0, 0)
    chat = question_messages(
        load_template(TEMPLATE),
        asked.question,
        facts,
        _moment(clock.now_ns() if now_ns is None else now_ns, zone),
    )
    answer = await llm.ask(
        chat,
        ANSWER_SCHEMA,
        lambda text: read_answered(text, len(facts)),
        corrections=1,
        open_question=True,
    )
    return LogAnswer(
        answer.value.text,
        [shown[index] for index in answer.value.facts],
        answer.model,
        len(facts),
        len(hits) - len(shown),
    )


def _moment(time_ns: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(time_ns // NS, zone):%A %Y-%m-%d %H:%M}"
