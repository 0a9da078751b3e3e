"""`log ask`: a question to the language model, if one is configured."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from faust.cli import argument, option
from pydantic import ValidationError

from infra.daily_log.store import LogStore
from infra.redis.client import connect
from operators.questions import MAX_QUESTION_CHARS
from schemas.event_time import iso
from streams.commands.log.span import FROM, TO, LogCommandError, span_of
from streams.commands.log.store import refuse_unknown
from streams.commands.running_services import running
from streams.commands.tables import table
from streams.engine.startup import open_llm
from streams.web.parameters import ParameterError
from streams.web.questions import NOT_CONFIGURED, Question, answered
from streams.web.search import zone_of

if TYPE_CHECKING:
    from streams.commands.groups import ActionGroup
    from streams.engine.app import EgoLogApp


def register(group: ActionGroup, app: EgoLogApp) -> None:
    """Add `log ask`."""

    @group.action(
        "ask",
        argument("device"),
        argument("question", nargs=-1, required=True, metavar="WORD"),
        FROM,
        TO,
        option("--zone", default="UTC", help="Time zone of the question and the answer."),
    )
    async def ask(
        device: str, question: tuple[str, ...], from_: str | None, to: str | None, zone: str
    ) -> None:
        """Ask the language model about a device's log: `log ask glasses when did I last cook`.

        It needs EGOLOG_LLM_API_KEY, and is sent the log without notes and ids. The answer cites
        its records.
        """
        asked = _question(device, " ".join(question), zone)
        settings = running(app.settings, "redis_url")
        redis = await connect(settings)
        llm = open_llm(settings, redis)
        try:
            if llm is None:
                raise LogCommandError(NOT_CONFIGURED)
            store = LogStore(redis, settings.app_id, settings.log_retention_days)
            await refuse_unknown(store, device)
            answer = await answered(store, llm, asked, span_of(from_, to))
        finally:
            if llm is not None:
                await llm.close()
            await redis.aclose()
        print(answer.answer or "the log does not say")
        if answer.left_out:
            print(f"not looked at: the {answer.left_out} oldest blocks", file=sys.stderr)
        if answer.records:
            rows = [(iso(hit.start_ns), iso(hit.end_ns), hit.scenario) for hit in answer.records]
            table(("from", "to", "scenario"), rows)


def _question(device: str, words: str, zone: str) -> Question:
    try:
        zone_of({"zone": zone})
        return Question(device=device, question=words, zone=zone)
    except (ParameterError, ValidationError) as error:
        raise LogCommandError(
            f"question is {words[:80]!r} in zone {zone[:64]!r}; expected 1 to "
            f"{MAX_QUESTION_CHARS} characters and a zone as Europe/Berlin"
        ) from error
