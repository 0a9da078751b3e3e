"""`scenario` → `scenario.refined` and `finetune.queue`: help in doubt (EgoLog §4.4).

Reading never waits for the language model: a record that is sure is done at once, and the others
are asked about side by side and published in the order of their answers. So nothing else of the
worker, which reads all its topics through one consumer, stands still behind an endpoint.

Without an endpoint the offline expert refines, from the same records and at once. It costs nothing
and knows the minutes before, which the networks do not, so it looks at sure records too and speaks
up where it disagrees. Where there is an endpoint, nobody stands in for it: after a fault the local
estimate stands, so that a log never mixes two judges by the state of a network.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from infra.daily_log.store import LogStore, LogStoreError
from infra.errors import LlmError
from models.egolog.offline_expert import Expert
from models.labels import SCENARIOS
from operators.answering import answer_schema, read_answer
from operators.context import Context
from operators.decision import decided, likeliest
from operators.prompting import load_template, messages
from schemas import FinetuneItem, Refined, Scenario
from schemas.frames import NS
from schemas.scenario import NO_REFINER
from streams.engine.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from faust.types import StreamT

    from streams.engine.app import EgoLogApp
    from streams.engine.kafka.received import Received

log = logging.getLogger(__name__)

_REASON_CHARS = 500
_RECALL_S = 2.0
# The store's connections are the log's too.
_RECALLS_AT_ONCE = 4


def register(app: EgoLogApp) -> None:
    """Add the refiner to the app."""
    settings = app.settings
    stage = app.publish_queue("refiner")
    template = load_template()
    expert = Expert.load()
    span_ns = round(settings.refine_context_s * NS)
    context = Context(span_ns)
    recalling = asyncio.Semaphore(_RECALLS_AT_ONCE)
    # As many as may wait for an answer, and some on their way out: it is full only while
    # publishing is at a halt.
    room = asyncio.Semaphore(
        settings.llm_queue_max + settings.llm_concurrency + settings.in_flight_max
    )

    @app.reader("refiner", "scenario")
    async def refiner_agent(stream: StreamT[Any]) -> None:
        async for received in stage.receive(stream):
            before = context.push(received.message)
            if received.message.confidence < settings.refine_threshold:
                await room.acquire()
                app.add_future(app.crash_on_error(work(received, before)))
            else:
                await stage.put(Outcome(tokens=[received.token]))

    async def work(received: Received[Scenario], before: Sequence[Scenario]) -> None:
        answering = asyncio.ensure_future(refine(received, before))
        try:
            await asyncio.wait([answering])
            # The stage publishes in the order of its `put`, so what is put there is ready.
            await stage.put(answering, [received.token])
        finally:
            answering.cancel()
            room.release()

    async def refine(received: Received[Scenario], before: Sequence[Scenario]) -> Outcome:
        record = received.message
        refined = await ask(record, before)
        if app.runtime.wearers is not None:
            await app.runtime.wearers.learn(record, refined, app.runtime.updates.network)
        out = Outcome(tokens=[received.token])
        uncertain = record.confidence < settings.llm_confidence_threshold
        if uncertain or (refined.refined_by != NO_REFINER and disagrees(refined, record)):
            out.messages.append(("scenario.refined", received.partition, refined))
        if record.embeddings is not None:
            item = FinetuneItem(
                device_id=record.device_id,
                window_id=record.window_id,
                session_id=record.session_id,
                start_ns=record.start_ns,
                end_ns=record.end_ns,
                revision=record.revision,
                embeddings=record.embeddings,
                scenarios=record.scenarios,
                confidence=record.confidence,
                pseudo_labels=[] if refined.refined_by == NO_REFINER else refined.scenarios,
                provenance=refined.refined_by,
            )
            out.messages.append(("finetune.queue", received.partition, item))
        return out

    async def ask(record: Scenario, before: Sequence[Scenario]) -> Refined:
        if not context.reaches_back(record):
            async with recalling:
                before = _merged(await recalled(app.runtime.log, record, span_ns), before)
        llm = app.runtime.llm
        if llm is None:
            return judged(expert, record, before)
        try:
            answer = await llm.ask(
                messages(template, record, SCENARIOS, before),
                answer_schema(SCENARIOS),
                lambda text: read_answer(text, SCENARIOS),
            )
        except LlmError as error:
            return unrefined(template.version, record, str(error), error.latency_ms, error.tokens)
        return _refined(
            template.version,
            record,
            answer.value,
            answer.model,
            "confidence below threshold",
            answer.latency_ms,
            answer.tokens,
        )


async def recalled(store: LogStore, record: Scenario, span_ns: int) -> Sequence[Scenario]:
    """Return what the log has of the time before a record; nothing where it does not say."""
    first = max(0, record.start_ns - span_ns)
    try:
        reading = store.read(record.device_id, first, record.start_ns)
        return (await asyncio.wait_for(reading, _RECALL_S)).scenarios
    except (LogStoreError, RedisError, OSError, TimeoutError) as error:
        log.warning("the minutes before are not known: %s", type(error).__name__)
        return []


def _merged(*parts: Sequence[Scenario]) -> list[Scenario]:
    by_id = {record.window_id: record for part in parts for record in part}
    return sorted(by_id.values(), key=lambda record: (record.start_ns, record.window_id))


def judged(expert: Expert, record: Scenario, before: Sequence[Scenario]) -> Refined:
    """Return what the offline expert makes of a record, or why the local estimate stands.

    It is told of the record's own session alone: records of one session come in order, but how far
    the session before has come by then depends on the speed of a replay.
    """
    same = [each for each in before if each.session_id == record.session_id]
    opinion = expert.judge(record, same)
    if not opinion.scenarios:
        return unrefined(expert.revision, record, opinion.reason)
    return _refined(expert.revision, record, opinion.scenarios, expert.name, opinion.reason, 0.0, 0)


def disagrees(refined: Refined, record: Scenario) -> bool:
    """Return whether the log would say something else of a record without its refinement."""
    return set(refined.scenarios) != decided(record.scenarios)


def unrefined(
    revision: str, record: Scenario, reason: str, latency_ms: float = 0.0, tokens: int = 0
) -> Refined:
    """Return the record that says why the local estimate stands."""
    return _refined(
        revision, record, [likeliest(record.scenarios)], NO_REFINER, reason, latency_ms, tokens
    )


def _refined(
    revision: str,
    record: Scenario,
    scenarios: list[str],
    by: str,
    reason: str,
    latency_ms: float,
    tokens: int,
) -> Refined:
    return Refined(
        device_id=record.device_id,
        window_id=record.window_id,
        session_id=record.session_id,
        start_ns=record.start_ns,
        end_ns=record.end_ns,
        revision=revision,
        scenarios=scenarios,
        refined_by=by,
        reason=reason[:_REASON_CHARS],
        preliminary=likeliest(record.scenarios),
        confidence=record.confidence,
        latency_ms=round(latency_ms, 3),
        tokens=tokens,
    )
