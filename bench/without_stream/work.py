"""The product's work from frames to records, as one plain object without a broker.

The peers of the benchmark run it behind their own consumers: the same decoding, windowing, features
and networks, and the same spatial, activity and scenario records. Unlike the product they write no
log or checkpoints, refine nothing and serve no page.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra import topics
from models.egolog.direction_memory import DirectionMemory
from models.egolog.microphone_balance import MicrophoneBalance
from models.features import Features
from models.lanhar.upright import Upright
from models.network.windows import HAR_WINDOW_S, SCENARIO_WINDOW_S, SPATIAL_WINDOW_S
from models.serving.predict import LocalizerInput, ScenarioInput, detected_scenarios
from operators.scenario_record import scenario_record
from operators.windowing import Windower, WindowingConfig
from schemas import (
    Activity,
    AudioFrame,
    Frame,
    ImuFrame,
    Message,
    Scenario,
    ScenarioEstimate,
    Spatial,
    Window,
)
from schemas.frames import NS
from streams.engine.features import feature, presence, required_feature
from streams.har import gated_sound, har_input, ranked_motion, upright_after
from streams.localization import balance_after
from streams.scenario_estimator import context, estimate_of, far_only

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.without_stream.networks import Networks
    from infra.settings import Settings

KINDS: dict[str, type[Frame]] = {topics.AUDIO_FRAMES: AudioFrame, topics.IMU_FRAMES: ImuFrame}
RESULTS: tuple[str, ...] = (topics.SPATIAL, topics.ACTIVITY, topics.SCENARIO)


@dataclass
class _Wearer:
    """One session's open scenario window, and the previous estimate."""

    seconds: list[Spatial] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    before: ScenarioEstimate | None = None
    upright: Sequence[float] = ()
    labels: Sequence[float] = ()
    balance: Sequence[float] = ()
    directions: DirectionMemory = field(default_factory=DirectionMemory)


class Work:
    """Turns frames into records; windows are processed in the order of their ends."""

    def __init__(self, settings: Settings, networks: Networks) -> None:
        self._settings = settings
        self._networks = networks
        config = WindowingConfig(
            SPATIAL_WINDOW_S, HAR_WINDOW_S, SCENARIO_WINDOW_S, settings.allowed_lateness_s
        )
        self._windower: Windower[None] = Windower(config, Features())
        self._wearers: defaultdict[tuple[str, str], _Wearer] = defaultdict(_Wearer)

    def take(self, topic: str, value: bytes) -> list[tuple[str, bytes]]:
        """Return the topic and bytes of each record that results from an encoded frame."""
        frame = KINDS[topic].decode(value)
        windows = self._windower.push(frame, None).windows  # type: ignore[arg-type]
        return [(name, record.encode()) for window in windows for name, record in self._of(window)]

    def _of(self, window: Window) -> list[tuple[str, Message]]:
        wearer = self._wearers[window.device_id, window.session_id]
        if window.kind == "spatial":
            wearer.seconds.append(self._spatial(window, wearer))
            return [(topics.SPATIAL, wearer.seconds[-1])]
        if window.kind == "har":
            wearer.activities.append(self._activity(window, wearer))
            return [(topics.ACTIVITY, wearer.activities[-1])]
        return [(topics.SCENARIO, self._scenario(window, wearer))]

    def _spatial(self, window: Window, wearer: _Wearer) -> Spatial:
        wearer.balance = balance_after(wearer.balance, window)
        maps = MicrophoneBalance.of(wearer.balance).correct(required_feature(window, "maps"))
        item = LocalizerInput(maps, feature(window, "imu"))
        alone, heat = self._networks.localize(item)
        span = (window.start_ns, window.end_ns)
        regions, wearer.directions = wearer.directions.after(*span, alone, heat, item.imu)
        return Spatial(**_identity(window), revision="bench", regions=regions, alone=alone)

    def _activity(self, window: Window, wearer: _Wearer) -> Activity:
        seconds = [s for s in wearer.seconds if window.start_ns <= s.start_ns < window.end_ns]
        scenarios = {} if wearer.before is None else context(wearer.before)
        sound = gated_sound(window, seconds, self._settings, detected_scenarios(scenarios))
        wearer.upright = upright_after(wearer.upright, window)
        item = har_input(window, sound, scenarios, wearer.upright)
        estimate = self._networks.activity(item)
        ranked, motion = {}, ranked_motion(window)
        if motion is not None:
            posture, start_s = Upright.of(wearer.upright).cosine(motion), window.start_ns / NS
            result = self._networks.rank(motion, posture, wearer.labels, start_s)
            ranked, wearer.labels = result.labels, result.memory
        return Activity(
            **_identity(window),
            revision="bench",
            activities=estimate.activities,
            open_vocabulary=ranked,
            gate=sound.gate,
            far_field=sound.far_field,
            scenarios=sorted(detected_scenarios(scenarios)),
            missing=[],
            familiarity=estimate.familiarity,
            unknown=estimate.unknown,
        )

    def _scenario(self, window: Window, wearer: _Wearer) -> Scenario:
        output = self._networks.scenario(
            ScenarioInput(
                mel=feature(window, "mel"),
                imu=feature(window, "imu"),
                audio_mask=presence(window, "audio"),
                imu_mask=presence(window, "imu"),
                far_only=far_only(window, wearer.seconds, self._settings),
            )
        )
        wearer.before = estimate_of(window, output)
        record = scenario_record(
            wearer.before,
            wearer.seconds,
            wearer.activities,
            [],
            unsure_below=self._settings.activity_unsure_below,
        )
        wearer.seconds, wearer.activities = [], []
        return record


def _identity(window: Window) -> dict[str, Any]:
    names = ("device_id", "window_id", "session_id", "start_ns", "end_ns")
    return {name: getattr(window, name) for name in names}
