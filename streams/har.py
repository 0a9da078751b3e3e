"""`windows` (har) + `spatial` + `scenario.estimate` → `activity` (EgoLog §4.3).

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

from infra import metrics, topics
from models.egolog.interference_gate import HeardSecond, gated
from models.egolog.near_field import NearShare
from models.egolog.windows import SCENARIO_WINDOW_S
from models.lanhar.upright import Upright
from models.serving.open_vocabulary import MIN_ROWS
from models.serving.predict import HarInput, detected_scenarios
from operators.joining import Join, Joined, Need
from schemas import Activity, ScenarioEstimate, Spatial, Window
from schemas.frames import NS
from streams.engine.features import feature
from streams.engine.join_operator import JoinOperator
from streams.engine.outcome import Outcome
from streams.engine.vocabulary.ranking import RankInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from infra.settings import Settings
    from schemas import Message
    from schemas.message import Probabilities
    from streams.engine.app import EgoLogApp
    from streams.engine.kafka.received import Token
    from streams.engine.runtime import Runtime

SOURCES = (topics.WINDOWS, topics.SPATIAL, topics.SCENARIO_ESTIMATE)
# Missing samples are zeros, no motion that anybody describes.
MIN_RANKED_COVERAGE = 0.5


def is_wanted(message: Any) -> bool:
    """Return whether a message concerns activities: windows of other kinds do not."""
    return not isinstance(message, Window) or message.kind == "har"


def needs(window: Window, scenario_ns: int) -> list[Need]:
    """Return what an activity window waits for."""
    oldest_context = window.start_ns // scenario_ns * scenario_ns - 2 * scenario_ns
    after = window.after if window.after is not None else oldest_context
    return [
        Need(
            topics.SPATIAL,
            window.start_ns,
            window.end_ns,
            window.parts.get("spatial", 0),
            keep_ns=window.end_ns,
        ),
        Need(
            topics.SCENARIO_ESTIMATE,
            after,
            after + 1,
            int(window.after is not None),
            keep_ns=after,
        ),
    ]


def ranked_motion(window: Window) -> NDArray[Any] | None:
    """Return a window's motion, (N, 6) at 50 Hz; None where there is too little to rank."""
    imu = feature(window, "imu")
    if imu is None or window.coverage.get("imu", 0.0) < MIN_RANKED_COVERAGE or len(imu) < MIN_ROWS:
        return None
    return imu


def upright_after(upright: Sequence[float], window: Window) -> Sequence[float]:
    """Return the wearer's upright in the session after one more activity window."""
    imu = ranked_motion(window)
    return upright if imu is None else Upright.of(upright).after(imu).values()


class ActivityEstimator:
    """Recognises the activity of each activity window, and ranks its motion by description."""

    def __init__(self, settings: Settings, runtime: Callable[[], Runtime]) -> None:
        self._settings = settings
        self._runtime = runtime

    def operator(self) -> JoinOperator[Window]:
        """Return the join of windows with their context, as an `OperatorStage` drives it."""
        scenario_ns = SCENARIO_WINDOW_S * NS
        join: Join[Window, Token] = Join(
            lambda window: needs(window, scenario_ns),
            round(self._settings.join_grace_s * NS),
            upright_after,
        )
        parts: dict[type[Message], str] = {
            Spatial: topics.SPATIAL,
            ScenarioEstimate: topics.SCENARIO_ESTIMATE,
        }
        return JoinOperator(join, parts, self.estimate)

    async def estimate(self, joined: Joined[Window, Token], partition: int | None) -> Outcome:
        """Return the activity of a joined window to be published."""
        window = joined.primary
        runtime = self._runtime()
        spatial: list[Spatial] = joined.parts[topics.SPATIAL]
        context: list[ScenarioEstimate] = joined.parts[topics.SCENARIO_ESTIMATE]
        imu = feature(window, "imu")
        sound = gated(
            feature(window, "mel"),
            [_heard(second, window) for second in spatial],
            self._settings.interference,
            self._settings.far_field_above,
            has_motion=imu is not None,
        )
        scenarios = context[0].scenarios if context and not context[0].unknown else {}
        item = HarInput(mel=sound.mel, imu=imu, scenarios=scenarios)
        estimate, (open_vocabulary, ranked_by) = await asyncio.gather(
            runtime.activity_recognizer.submit(item), self.rank(window, joined.memory)
        )
        activity = Activity(
            device_id=window.device_id,
            window_id=window.window_id,
            session_id=window.session_id,
            start_ns=window.start_ns,
            end_ns=window.end_ns,
            revision=runtime.revisions["har"] + ranked_by,
            activities=estimate.activities,
            open_vocabulary=open_vocabulary,
            gate=sound.gate,
            far_field=sound.far_field,
            scenarios=sorted(detected_scenarios(scenarios)),
            missing=joined.missing,
            familiarity=estimate.familiarity,
            unknown=estimate.unknown,
        )
        return Outcome([(topics.ACTIVITY, partition, activity)])

    async def rank(
        self, window: Window, upright: Sequence[float] = ()
    ) -> tuple[Probabilities, str]:
        """Return the ranking and what it was made with; both empty where none is made.

        `upright` is what the session's windows up to this one say of the wearer's upright.
        """
        ranking, imu = self._runtime().ranking, ranked_motion(window)
        if ranking is None or imu is None:
            return {}, ""
        labels, posture = ranking.labels.current, Upright.of(upright).cosine(imu)
        probabilities = await ranking.ranker.submit(RankInput(imu, labels, posture))
        metrics.rankings.inc()
        return probabilities, f"+{ranking.revision}.{labels.revision}"


def _heard(second: Spatial, window: Window) -> HeardSecond:
    part = second.near_field
    near = None if part is None else NearShare(part.share.array(), part.energy)
    return HeardSecond((second.start_ns - window.start_ns) // NS, second.regions, near)


def register(app: EgoLogApp) -> None:
    """Add the activity agent to the app."""
    operator = ActivityEstimator(app.settings, lambda: app.runtime).operator()
    stage = app.operator_stage(operator, app.publish_queue("har"), app.session_silence())
    app.reader("har", SOURCES, lambda stream: stage.read(stream, wants=is_wanted))
