"""Activity windows + `spatial` + the estimate before → `activity` (EgoLog §4.3).

The inputs of an activity window are the regions of its five seconds (for the interference gate) and
the scenario of the thirty seconds before. Both are selected by event time, so the activity does not
depend on which agent was faster.

The activity also has the open-vocabulary ranking (LanHAR §3.6) of the window's motion among the
labels known at that moment; see `streams.engine.vocabulary.known_labels` for the consequences for a
log.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra import metrics
from models.egolog.interference_gate import GatedSound, GateSecond, apply_gate, is_attended
from models.egolog.near_share import NearShare
from models.egolog.tilt import probability_seated
from models.lanhar.upright import Upright
from models.serving.activity_memory import activities_after, remembered_activities
from models.serving.open_vocabulary import MIN_ROWS
from models.serving.predict import HarInput, detected_scenarios
from schemas import Activity
from schemas.frames import NS
from streams.engine.features import feature
from streams.engine.vocabulary.ranking import RankedLabels, RankInput

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from numpy.typing import NDArray

    from infra.settings import Settings
    from schemas import Spatial, Window
    from schemas.message import Probabilities
    from schemas.position import Place
    from streams.engine.runtime import Runtime

# Missing samples are zeros, which no real motion is.
MIN_RANKED_COVERAGE = 0.5


def ranked_motion(window: Window) -> NDArray[Any] | None:
    """Return a window's motion, (N, 6) at 50 Hz; None if there is too little to rank."""
    imu = feature(window, "imu")
    if imu is None or window.coverage.get("imu", 0.0) < MIN_RANKED_COVERAGE or len(imu) < MIN_ROWS:
        return None
    return imu


def upright_after(upright: Sequence[float], window: Window) -> Sequence[float]:
    """Return the wearer's upright in the session after one more activity window."""
    imu = ranked_motion(window)
    return upright if imu is None else Upright.of(upright).after(imu).values()


def har_input(
    window: Window,
    sound: GatedSound,
    scenarios: Probabilities,
    upright: Sequence[float],
    worn: Place | None = None,
) -> HarInput:
    """Return the activity network's input for a window, with `upright` as of its end.

    `worn` is the device's position, None if unknown.
    """
    steady, known = ranked_motion(window), Upright.of(upright)
    return HarInput(
        mel=sound.mel,
        imu=feature(window, "imu"),
        scenarios=scenarios,
        dropped=sound.gate == "dropped",
        lies=steady is not None and known.lies(steady, worn),
        seated=None if steady is None else probability_seated(known, steady, worn),
        position=worn,
    )


@dataclass(frozen=True)
class RankedWindow(RankedLabels):
    """A ranking `by` networks and labels, as named in an activity's revision."""

    by: str = ""


class ActivityEstimator:
    """Recognises the activity of each activity window, and ranks its motion by description."""

    def __init__(self, settings: Settings, runtime: Callable[[], Runtime]) -> None:
        self._settings = settings
        self._runtime = runtime

    async def estimate(
        self,
        window: Window,
        seconds: Sequence[Spatial],
        scenarios: Probabilities,
        missing: Sequence[str] = (),
        upright: Sequence[float] = (),
        ranking: Awaitable[RankedWindow] | None = None,
        worn: Place | None = None,
    ) -> Activity:
        """Return the activity of a window.

        `seconds` are the localized ones of the window, `scenarios` those of the thirty seconds
        before; `missing` lists failed inputs. `upright` is the session's estimate of the wearer's
        upright up to this window; `ranking` is the pending ranking, if it was started; `worn` is
        the device's position.
        """
        runtime = self._runtime()
        detected = detected_scenarios(scenarios)
        sound = gated_sound(window, seconds, self._settings, detected)
        item = har_input(window, sound, scenarios, upright, worn)
        estimate, ranked = await asyncio.gather(
            runtime.activity_recognizer.submit(item), ranking or self.rank(window, upright)
        )
        return Activity(
            device_id=window.device_id,
            window_id=window.window_id,
            session_id=window.session_id,
            start_ns=window.start_ns,
            end_ns=window.end_ns,
            revision=runtime.revisions["har"] + ranked.by,
            activities=estimate.activities,
            open_vocabulary=ranked.labels,
            gate=sound.gate,
            far_field=sound.far_field,
            scenarios=sorted(detected),
            missing=list(missing),
            familiarity=estimate.familiarity,
            unknown=estimate.unknown,
        )

    async def rank(
        self,
        window: Window,
        upright: Sequence[float] = (),
        memory: Sequence[float] = (),
        worn: Place | None = None,
    ) -> RankedWindow:
        """Return the ranking of a window's motion, empty if there is none.

        `upright` is the session's estimate of the wearer's upright up to this window, `memory` that
        of the label from earlier windows, and `worn` the device's position.
        """
        ranking, imu = self._runtime().ranking, ranked_motion(window)
        if ranking is None or imu is None:
            return RankedWindow({}, memory)
        labels, posture = ranking.labels.current, Upright.of(upright).cosine(imu)
        item = RankInput(imu, labels, posture, memory, window.start_ns / NS, worn)
        ranked = await ranking.ranker.submit(item)
        metrics.rankings.inc()
        by = f"+{ranking.revision}.{labels.revision}"
        return RankedWindow(ranked.labels, ranked.memory, by)


def is_motion_alone(window: Window) -> bool:
    """Return whether an activity window has motion and no sound, so that the memory is used."""
    has_motion_alone = feature(window, "imu") is not None and feature(window, "mel") is None
    return has_motion_alone and window.coverage.get("imu", 0.0) >= MIN_RANKED_COVERAGE


def memory_after(
    memory: Sequence[float], record: Activity, worn: Place | None = None
) -> tuple[float, ...]:
    """Return the memory after a motion-only window, given the window's own activity.

    `worn` is the device's position, None if unknown.
    """
    return activities_after(memory, record.start_ns / NS, record.activities, worn)


def with_memory(record: Activity, memory: Sequence[float], worn: Place | None = None) -> Activity:
    """Return the record of the memory's last window, smoothed by the memory.

    `worn` is the device's position, None if unknown.
    """
    return record.model_copy(update={"activities": remembered_activities(memory, worn)})


def gated_sound(
    window: Window, seconds: Sequence[Spatial], settings: Settings, detected: Collection[str] = ()
) -> GatedSound:
    """Return the window's audio after the interference gate (EgoLog §4.3).

    The gate is off in `detected` scenarios in which the wearer may attend to far sound.
    """
    return apply_gate(
        feature(window, "mel"),
        [_gate_second(second, window) for second in seconds],
        "off" if is_attended(detected) else settings.interference,
        settings.far_field_above,
        has_motion=feature(window, "imu") is not None,
    )


def _gate_second(second: Spatial, window: Window) -> GateSecond:
    part = second.near_field
    near = None if part is None else NearShare(part.share.array(), part.energy)
    return GateSecond((second.start_ns - window.start_ns) // NS, second.by_itself, near)
