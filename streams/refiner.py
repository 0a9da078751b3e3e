"""`scenario` → `scenario.refined` and `finetune.queue`: refines uncertain records (EgoLog §4.4).

Reading never waits for the language model: records are refined concurrently and published in the
order of their answers. A worker reads all its topics through one consumer, so a slow endpoint would
otherwise hold up everything else.

The offline expert reviews at once the records that no endpoint is asked about: the confident ones,
and without an endpoint all. It costs nothing and uses the minutes before, which the networks do
not, so it publishes if it disagrees. The expert is no fallback for an endpoint: after a failure the
local estimate stands, so that the state of a network connection never decides between two judges.
"""

from __future__ import annotations

import asyncio
import logging
from time import monotonic
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from infra import topics
from infra.daily_log.redis_format import LogStoreError
from infra.errors import LlmError
from infra.settings.scenario_names import read_names
from models.egolog.offline_expert import Expert
from models.labels import SCENARIOS
from operators.answering import answer_schema, read_answer
from operators.context import Context
from operators.doubt import doubt
from operators.prompting import load_template, messages
from schemas.frames import NS
from streams.engine.outcome import Outcome
from streams.refinement import (
    expert_refinement,
    llm_refinement,
    refinement_messages,
    unchanged_refinement,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from faust.types import StreamT

    from infra.daily_log.store import LogStore
    from infra.settings import Settings
    from schemas import Refined, Scenario
    from streams.engine.app import EgoLogApp
    from streams.engine.kafka.received import Received
    from streams.engine.publish_queue import PublishQueue
    from streams.engine.runtime import Runtime

log = logging.getLogger(__name__)

_RECALL_S = 2.0
# The store's connections are the log's too.
_RECALLS_AT_ONCE = 4


class Refiner:
    """Refines uncertain records, and queues the answers for fine-tuning.

    Concurrent work goes through `spawn`: if it fails, the worker ends.
    """

    def __init__(
        self,
        settings: Settings,
        queue: PublishQueue,
        runtime: Callable[[], Runtime],
        spawn: Callable[[Awaitable[None]], object],
    ) -> None:
        self._settings = settings
        self._queue = queue
        self._runtime = runtime
        self._spawn = spawn
        self._template = load_template()
        own = {name.casefold() for name in SCENARIOS}
        self._others = [n for n in read_names(settings.scenario_names) if n.casefold() not in own]
        self._categories = (*SCENARIOS, *self._others)
        self._expert = Expert.load()
        self._span_ns = round(settings.refine_context_s * NS)
        self._context = Context(self._span_ns)
        self._recalling = asyncio.Semaphore(_RECALLS_AT_ONCE)
        # Room for all pending answers and some being published, so that it is full only while
        # publishing is stalled.
        self._room = asyncio.Semaphore(
            settings.llm_queue_max + settings.llm_concurrency + settings.in_flight_max
        )

    async def read(self, stream: StreamT[Any]) -> None:
        """Refine doubtful records concurrently with reading, and acknowledge the others at once."""
        async for received in self._queue.receive(stream):
            before = self._context.push(received.message, monotonic(), received.after_ms)
            if doubt(received.message, self._settings.refine_threshold) is not None:
                await self._room.acquire()
                self._spawn(self._work(received, before))
            else:
                await self._queue.put(Outcome(tokens=[received.token]))

    async def _work(self, received: Received[Scenario], before: Sequence[Scenario]) -> None:
        answering = asyncio.ensure_future(self.refine(received, before))
        try:
            await asyncio.wait([answering])
            # The queue publishes in the order of `put`, so only finished outcomes are put there.
            await self._queue.put(answering, [received.token])
        finally:
            answering.cancel()
            self._room.release()

    async def refine(self, received: Received[Scenario], before: Sequence[Scenario]) -> Outcome:
        """Return a record's refinement and its item for fine-tuning, to be published."""
        record = received.message
        refined = await self._ask(record, before)
        runtime = self._runtime()
        if runtime.wearers is not None:
            await runtime.wearers.learn(record, refined, runtime.updates.network, received.after_ms)
        outcome = Outcome(tokens=[received.token])
        outcome.messages.extend(
            (name, received.partition, message)
            for name, message in refinement_messages(
                record, refined, self._settings.llm_confidence_threshold
            )
        )
        return outcome

    async def _ask(self, record: Scenario, before: Sequence[Scenario]) -> Refined:
        runtime = self._runtime()
        if not self._context.reaches_back(record):
            before = _merge(await self._read_before(record), before)
        below = self._settings.llm_confidence_threshold
        if runtime.llm is None or doubt(record, below) is None:
            return expert_refinement(self._expert, record, before)
        version = self._template.version
        try:
            answer = await runtime.llm.ask(
                messages(self._template, record, SCENARIOS, before, self._others),
                answer_schema(self._categories),
                lambda text: read_answer(text, self._categories),
            )
        except LlmError as error:
            return unchanged_refinement(version, record, str(error), error.latency_ms, error.tokens)
        return llm_refinement(version, record, answer, below)

    async def _read_before(self, record: Scenario) -> Sequence[Scenario]:
        """Return the log before a device's first record in this worker, read once.

        It is complete: everything before the worker's first offset is written.
        """
        until_ns = self._context.since_ns(record.device_id)
        if until_ns is None:
            until_ns = record.start_ns
        async with self._recalling:
            earlier = await read_before(self._runtime().log, record, self._span_ns, until_ns)
        if earlier is None:
            return []
        self._context.recall(record, earlier)
        return [each for each in earlier if each.start_ns < record.start_ns]


def register(app: EgoLogApp) -> None:
    """Add the refiner to the app."""
    refiner = Refiner(
        app.settings,
        app.publish_queue("refiner"),
        lambda: app.runtime,
        lambda work: app.add_future(app.crash_on_error(work)),
    )
    app.reader("refiner", (topics.SCENARIO,), refiner.read)


async def read_before(
    store: LogStore, record: Scenario, span_ns: int, until_ns: int
) -> Sequence[Scenario] | None:
    """Return the log of the span before a record, up to a time; None if the store fails."""
    first = max(0, record.start_ns - span_ns)
    try:
        reading = store.read(record.device_id, first, until_ns)
        return (await asyncio.wait_for(reading, _RECALL_S)).scenarios
    except (LogStoreError, RedisError, OSError, TimeoutError) as error:
        log.warning("the minutes before are not known: %s", type(error).__name__)
        return None


def _merge(*parts: Sequence[Scenario]) -> list[Scenario]:
    by_id = {record.window_id: record for part in parts for record in part}
    return sorted(by_id.values(), key=lambda record: (record.start_ns, record.window_id))
