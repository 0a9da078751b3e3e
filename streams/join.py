"""`evidence` + `spatial` + `activity` → `scenario`: one record for each thirty seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra import metrics
from operators.joining import Join, Joined, Need
from operators.scenario_record import scenario_record
from schemas import Activity, Evidence, Spatial
from schemas.frames import NS
from streams.engine.operator_stage import JoinStage
from streams.engine.outcome import Outcome

if TYPE_CHECKING:
    from faust.types import StreamT

    from streams.engine.app import EgoLogApp
    from streams.engine.kafka.received import Token

SOURCES = ("evidence", "spatial", "activity")


def needs(evidence: Evidence) -> list[Need]:
    """Return what a scenario record waits for."""
    counts = {"spatial": evidence.parts.get("spatial", 0), "activity": evidence.parts.get("har", 0)}
    return [
        Need(kind, evidence.start_ns, evidence.end_ns, count, keep_ns=evidence.end_ns)
        for kind, count in counts.items()
    ]


def register(app: EgoLogApp) -> None:
    """Add the scenario join to the app."""
    settings = app.settings
    stage = app.publish_queue("join")
    join: Join[Evidence, Token] = Join(needs, round(settings.join_grace_s * NS))

    async def finish(joined: Joined[Evidence, Token], partition: int | None) -> Outcome:
        record = scenario_record(
            joined.primary,
            joined.parts["spatial"],
            joined.parts["activity"],
            joined.missing,
            keep_embeddings_below=settings.refine_threshold,
            unsure_below=settings.activity_unsure_below,
        )
        metrics.scenarios.inc()
        if record.confidence < settings.llm_confidence_threshold:
            metrics.uncertain_scenarios.inc()
        return Outcome([("scenario", partition, record)])

    joining = JoinStage(app, stage, join, {Spatial: "spatial", Activity: "activity"}, finish)

    @app.reader("join", *SOURCES)
    async def join_agent(stream: StreamT[Any]) -> None:
        async for received in stage.receive(stream):
            await joining.take(received)
