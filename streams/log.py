"""`scenario` + `scenario.refined` + `activity` → the daily log (EgoLog §5.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra import metrics
from schemas import Activity, Refined, Scenario
from schemas.scenario import NO_REFINER, OFFLINE_EXPERT
from streams.engine.outcome import Outcome

if TYPE_CHECKING:
    from faust.types import StreamT

    from streams.engine.app import EgoLogApp
    from streams.engine.kafka.received import Received

SOURCES = ("scenario", "scenario.refined", "activity")
# One pipeline to the store carries this many records at most.
_RECORDS_AT_ONCE = 64


def register(app: EgoLogApp) -> None:
    """Add the log writer to the app."""
    stage = app.publish_queue("log")

    @app.reader("log", *SOURCES)
    async def log_agent(stream: StreamT[Any]) -> None:
        await stage.receive_batches(stream, _RECORDS_AT_ONCE, write)

    async def write(records: list[Received[Any]]) -> None:
        log = app.runtime.log
        for kind, row, put in (
            (Scenario, "scenario", log.put_scenarios),
            (Refined, "refined", log.put_refined),
            (Activity, "activity", log.put_activities),
        ):
            messages: Any = [r.message for r in records if isinstance(r.message, kind)]
            if messages:
                await put(messages)
                metrics.log_records.labels(row=row).inc(len(messages))
        for record in records:
            if isinstance(record.message, Refined):
                metrics.refined.labels(by=refiner(record.message)).inc()
        await stage.put(Outcome(tokens=[r.token for r in records]))


def refiner(refined: Refined) -> str:
    """Return who refined a record as `metrics.REFINERS` says it."""
    if refined.refined_by == NO_REFINER:
        return NO_REFINER
    return "expert" if refined.refined_by.startswith(OFFLINE_EXPERT) else "llm"
