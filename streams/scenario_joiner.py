"""`scenario.estimate` + `spatial` + `activity` → `scenario`: one record for each thirty seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra import metrics, topics
from operators.doubt import doubt
from operators.joining import Join, Joined, Need
from operators.scenario_record import scenario_record
from schemas import Activity, ScenarioEstimate, Spatial
from schemas.frames import NS
from streams.engine.join_operator import JoinOperator
from streams.engine.outcome import Outcome

if TYPE_CHECKING:
    from infra.settings import Settings
    from schemas import Message
    from streams.engine.app import EgoLogApp
    from streams.engine.kafka.received import Token

SOURCES = (topics.SCENARIO_ESTIMATE, topics.SPATIAL, topics.ACTIVITY)


def needs(estimate: ScenarioEstimate) -> list[Need]:
    """Return what a scenario record waits for."""
    counts = {
        topics.SPATIAL: estimate.parts.get("spatial", 0),
        topics.ACTIVITY: estimate.parts.get("har", 0),
    }
    return [
        Need(kind, estimate.start_ns, estimate.end_ns, count, keep_ns=estimate.end_ns)
        for kind, count in counts.items()
    ]


class ScenarioJoiner:
    """Joins what the three agents say of thirty seconds into one record."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def operator(self) -> JoinOperator[ScenarioEstimate]:
        """Return the join as an `OperatorStage` drives it."""
        join: Join[ScenarioEstimate, Token] = Join(needs, round(self._settings.join_grace_s * NS))
        parts: dict[type[Message], str] = {Spatial: topics.SPATIAL, Activity: topics.ACTIVITY}
        return JoinOperator(join, parts, self.record)

    async def record(
        self, joined: Joined[ScenarioEstimate, Token], partition: int | None
    ) -> Outcome:
        """Return the record of a joined estimate to be published."""
        settings = self._settings
        record = scenario_record(
            joined.primary,
            joined.parts[topics.SPATIAL],
            joined.parts[topics.ACTIVITY],
            joined.missing,
            keep_embeddings_below=settings.refine_threshold,
            unsure_below=settings.activity_unsure_below,
        )
        metrics.scenarios.inc()
        if doubt(record, settings.llm_confidence_threshold) is not None:
            metrics.uncertain_scenarios.inc()
        return Outcome([(topics.SCENARIO, partition, record)])


def register(app: EgoLogApp) -> None:
    """Add the scenario joiner to the app."""
    # The stage is called as before the agent was: checkpoints in the store and the label in
    # dashboards are found by it.
    queue = app.publish_queue("join")
    operator = ScenarioJoiner(app.settings).operator()
    stage = app.operator_stage(operator, queue, app.session_silence())
    app.reader("join", SOURCES, stage.read)
