"""`windows` (har) + `spatial` + `evidence` → `activity` (EgoLog §4.3).

An activity window is judged with what was heard from where in its five seconds (the interference
gate) and with the scenario of the thirty seconds before, which is known by then. Both are joined
by event time, so the activity does not depend on which agent was faster.

Beside it stands the open-vocabulary ranking (LanHAR §3.6): the same window's motion against the
labels known at that moment, see `streams.engine.vocabulary.known_labels` for what that means for a
log.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from infra import metrics
from models.egolog.interference_gate import far_field, interference_gate
from models.egolog.windows import SCENARIO_WINDOW_S
from models.serving.open_vocabulary import MIN_ROWS
from models.serving.predict import HarInput
from operators.joining import Join, Joined, Need
from schemas import Activity, Evidence, Spatial, Window
from schemas.frames import NS
from streams.engine.features import feature
from streams.engine.operator_stage import JoinStage
from streams.engine.outcome import Outcome
from streams.engine.vocabulary.ranking import RankInput

if TYPE_CHECKING:
    from faust.types import StreamT

    from schemas.message import Probabilities
    from streams.engine.app import EgoLogApp
    from streams.engine.kafka.received import Token

SOURCES = ("windows", "spatial", "evidence")
# Missing samples are zeros, no motion that anybody describes.
MIN_RANKED_COVERAGE = 0.5


def needs(window: Window, scenario_ns: int) -> list[Need]:
    """Return what an activity window waits for."""
    oldest_context = window.start_ns // scenario_ns * scenario_ns - 2 * scenario_ns
    after = window.after if window.after is not None else oldest_context
    return [
        Need(
            "spatial",
            window.start_ns,
            window.end_ns,
            window.parts.get("spatial", 0),
            keep_ns=window.end_ns,
        ),
        Need("evidence", after, after + 1, int(window.after is not None), keep_ns=after),
    ]


def register(app: EgoLogApp) -> None:
    """Add the activity agent to the app."""
    settings = app.settings
    stage = app.publish_queue("har")
    scenario_ns = SCENARIO_WINDOW_S * NS
    join: Join[Window, Token] = Join(
        lambda window: needs(window, scenario_ns), round(settings.join_grace_s * NS)
    )

    async def rank(window: Window) -> tuple[Probabilities, str]:
        """Return the ranking and what it was made with; both empty where none is made."""
        ranking, imu = app.runtime.ranking, feature(window, "imu")
        if ranking is None or imu is None:
            return {}, ""
        if window.coverage.get("imu", 0.0) < MIN_RANKED_COVERAGE or len(imu) < MIN_ROWS:
            return {}, ""
        labels = ranking.labels.current
        found = await ranking.ranker.submit(RankInput(imu, labels))
        metrics.rankings.inc()
        return found, f"+{ranking.revision}.{labels.revision}"

    async def finish(joined: Joined[Window, Token], partition: int | None) -> Outcome:
        window = joined.primary
        spatial: list[Spatial] = joined.parts["spatial"]
        evidence: list[Evidence] = joined.parts["evidence"]
        far = far_field([s.regions for s in spatial])
        gate = interference_gate(far, settings.far_field_above)
        mel = feature(window, "mel")
        imu = feature(window, "imu")
        if gate == "dropped" and imu is None:
            # Unreliable sound is better than nothing at all.
            gate = "open"
        scenarios = evidence[0].scenarios if evidence else None
        activities, (open_vocabulary, ranked_by) = await asyncio.gather(
            app.runtime.activity_recognizer.submit(
                HarInput(mel=None if gate == "dropped" else mel, imu=imu, scenarios=scenarios)
            ),
            rank(window),
        )
        activity = Activity(
            device_id=window.device_id,
            window_id=window.window_id,
            session_id=window.session_id,
            start_ns=window.start_ns,
            end_ns=window.end_ns,
            revision=app.runtime.revisions["har"] + ranked_by,
            activities=activities,
            open_vocabulary=open_vocabulary,
            gate=gate,
            far_field=far,
            scenarios=sorted(
                n for n, p in (scenarios or {}).items() if p >= settings.llm_confidence_threshold
            ),
            missing=joined.missing,
        )
        return Outcome([("activity", partition, activity)])

    joining = JoinStage(app, stage, join, {Spatial: "spatial", Evidence: "evidence"}, finish)

    @app.reader("har", *SOURCES)
    async def har_agent(stream: StreamT[Any]) -> None:
        async for received in stage.receive(stream):
            if isinstance(received.message, Window) and received.message.kind != "har":
                await stage.put(Outcome(tokens=[received.token]))
            else:
                await joining.take(received)
