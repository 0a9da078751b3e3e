"""`scenario` + `scenario.refined` + `activity` + `corrections` → the daily log (EgoLog §5.5)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from infra import metrics, topics
from infra.daily_log.record_offsets import RecordOffsets
from infra.redis.erasure_marks import count_refused
from schemas import Activity, Correction, Refined, Scenario
from schemas.scenario import NO_REFINER, OFFLINE_EXPERT
from streams.engine.newest_times import NewestTimes
from streams.engine.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from faust.types import StreamT

    from streams.engine.app import EgoLogApp
    from streams.engine.kafka.received import Received
    from streams.engine.publish_queue import PublishQueue
    from streams.engine.runtime import Runtime

STAGE = "log"
SOURCES = (topics.SCENARIO, topics.SCENARIO_REFINED, topics.ACTIVITY, topics.CORRECTIONS)
# One pipeline to the store carries this many records at most.
_RECORDS_AT_ONCE = 64
_EXPIRE_INTERVAL_S = 3_600.0

log = logging.getLogger(__name__)


class LogWriter:
    """Writes records to the daily log, in batches as they arrive."""

    def __init__(self, queue: PublishQueue, runtime: Callable[[], Runtime]) -> None:
        self._queue = queue
        self._runtime = runtime
        self._newest = NewestTimes()

    async def read(self, stream: StreamT[Any]) -> None:
        """Write the records that arrive; if the store fails, the worker ends."""
        await self._queue.receive_batches(stream, _RECORDS_AT_ONCE, self.write)

    async def write(self, records: list[Received[Any]]) -> None:
        """Write records, then acknowledge them."""
        log = self._runtime().log
        for kind, row, put in (
            (Scenario, "scenario", log.put_scenarios),
            (Refined, "refined", log.put_refined),
            (Activity, "activity", log.put_activities),
            (Correction, "correction", log.put_corrections),
        ):
            of_kind = [record for record in records if isinstance(record.message, kind)]
            for after_ms, group in _by_erasure(of_kind).items():
                messages: Any = [record.message for record in group]
                refused = await put(messages, after_ms)
                count_refused(STAGE, refused)
                metrics.log_records.labels(row=row).inc(len(messages) - refused)
        for record in records:
            if isinstance(record.message, Scenario | Activity):
                self._newest.note(record.token.message.topic, record.message.end_ns)
        await self._note_places([r for r in records if isinstance(r.message, Scenario)])
        for record in records:
            if isinstance(record.message, Refined):
                metrics.refined.labels(by=refiner(record.message)).inc()
        await self._queue.put(Outcome(tokens=[r.token for r in records]))

    async def _note_places(self, records: list[Received[Scenario]]) -> None:
        """Store the offsets of scenario records, whose features corrections need."""
        kept = [each for each in records if each.message.embeddings is not None]
        for after_ms, group in _by_erasure(kept).items():
            await RecordOffsets.of(self._runtime().log).put(
                {r.message.window_id: (r.partition, r.token.message.offset) for r in group},
                [each.message for each in group],
                after_ms,
            )


def _by_erasure(records: Sequence[Received[Any]]) -> dict[int, list[Received[Any]]]:
    """Return records by the erasure that they come after: one group where none was erased.

    Corrections, of which there are few, are written one by one.
    """
    groups: dict[int, list[Received[Any]]] = {}
    for record in records:
        groups.setdefault(record.after_ms, []).append(record)
    return groups


def register(app: EgoLogApp) -> None:
    """Add the log writer to the app."""
    writer = LogWriter(app.publish_queue(STAGE), lambda: app.runtime)
    app.reader(STAGE, SOURCES, writer.read)

    async def expire_regularly() -> None:
        while not app.should_stop:
            await app.crash_on_error(expire(app))
            await app.sleep(_EXPIRE_INTERVAL_S)

    app.task(expire_regularly)


async def expire(app: EgoLogApp) -> None:
    """Delete records past their retention, also those of devices that no longer send."""
    expired = await app.runtime.log.expire()
    if expired:
        log.info('expired="%s" records of the log', expired)


def refiner(refined: Refined) -> str:
    """Return who refined a record, by the names of `metric_labels.REFINERS`."""
    if refined.refined_by == NO_REFINER:
        return NO_REFINER
    return "expert" if refined.refined_by.startswith(OFFLINE_EXPERT) else "llm"
