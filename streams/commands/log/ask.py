"""`log ask`: a question to the language model, if one is configured."""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from faust.cli import argument, option

from infra.daily_log.store import LogStore
from infra.redis.client import connect
from operators.questions import MAX_QUESTION_CHARS
from schemas.event_time import iso
from schemas.time_zone import time_zone
from streams.commands.log.span import FROM, TO, LogCommandError, span_of
from streams.commands.log.store import refuse_unknown
from streams.commands.running_services import running
from streams.commands.tables import table
from streams.engine.startup import open_llm
from streams.questions.log_answer import NOT_CONFIGURED, answered

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

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
        asked = " ".join(question)
        of_zone = _checked(asked, zone)
        settings = running(app.settings, "redis_url")
        async with AsyncExitStack() as opened:
            redis = await opened.enter_async_context(await connect(settings))
            llm = open_llm(settings, redis)
            if llm is None:
                raise LogCommandError(NOT_CONFIGURED)
            opened.push_async_callback(llm.close)
            store = LogStore(redis, settings.app_id, settings.log_retention_days)
            await refuse_unknown(store, device)
            answer = await answered(store, llm, device, asked, span_of(from_, to), of_zone)
        print(answer.answer or "the log does not say")
        if answer.left_out:
            print(f"not looked at: the {answer.left_out} oldest blocks", file=sys.stderr)
        if answer.records:
            rows = [(iso(hit.start_ns), iso(hit.end_ns), hit.scenario) for hit in answer.records]
            table(("from", "to", "scenario"), rows)


def _checked(question: str, zone: str) -> ZoneInfo:
    """Return the zone of a question of a length that is answered; raises `LogCommandError`."""
    try:
        if not 1 <= len(question) <= MAX_QUESTION_CHARS:
            raise ValueError(question)
        return time_zone(zone)
    except ValueError as error:
        raise LogCommandError(
            f"question is {question[:80]!r} in zone {zone[:64]!r}; expected 1 to "
            f"{MAX_QUESTION_CHARS} characters and a zone as Europe/Berlin"
        ) from error
