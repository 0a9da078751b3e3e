"""An answer of the language model to a question about a log."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from infra import clock
from infra.daily_log.archive import pieces
from infra.daily_log.search.finding import Hit, continued, find
from infra.daily_log.search.query import LogQuery
from operators.prompting import load_template
from operators.questions import (
    ANSWER_SCHEMA,
    MAX_FACTS,
    Fact,
    question_messages,
    read_answered,
)
from schemas.frames import NS

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from infra.daily_log.store import LogStore
    from infra.llm import Llm

TEMPLATE = "question.v1"
NOT_CONFIGURED = "no language model is configured; expected EGOLOG_LLM_API_KEY"


class LogAnswer(NamedTuple):
    """An answer, None if the log has none, and the spans that it cites.

    `asked_of` is the number of spans given to the model, `left_out` that of older ones omitted.
    """

    answer: str | None
    records: list[Hit]
    model: str
    asked_of: int
    left_out: int


async def answered(
    store: LogStore,
    llm: Llm,
    device: str,
    question: str,
    span: tuple[int, int],
    zone: ZoneInfo,
    now_ns: int | None = None,
) -> LogAnswer:
    """Return a language model's answer about [from, to) of a log; raises `LlmError`.

    It is given the newest `MAX_FACTS` blocks of the span, with times in the zone.
    """
    hits: list[Hit] = []
    async for piece in pieces(store, device, *span):
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
        question,
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
