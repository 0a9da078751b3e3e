"""The agent that reads frames: silence, and what is built around the dispatcher."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra import topics
from streams import live_view
from streams.dispatcher import Dispatcher
from streams.engine.silence import StreamSilence
from streams.har import ActivityEstimator
from streams.localization import SpatialEstimator
from streams.scenario_estimator import ScenarioEstimator
from streams.scenario_joiner import ScenarioJoiner
from streams.sound_events import SoundSeparator
from streams.window_pictures import picture_store
from streams.window_work import WindowWork
from streams.windower import Windowing, featurizer

if TYPE_CHECKING:
    from streams.engine.app import EgoLogApp

SOURCES = (topics.AUDIO_FRAMES, topics.IMU_FRAMES)
_TOPICS = {"audio": topics.AUDIO_FRAMES, "imu": topics.IMU_FRAMES}
# Maximum frames per job of the pool: enough to make the hand-over cheap, few enough that windows
# are emitted while a backlog is read.
_FRAMES_AT_ONCE = 16
# A broker without news answers every 1.5 s.
_ANSWER_S = 3.0


def register(app: EgoLogApp) -> None:
    """Add the agent that reads frames to the app, with those that process the windows."""
    settings = app.settings

    def after_ms(device_id: str) -> int:
        return stage.after_ms(device_id)

    work = WindowWork(
        settings,
        SpatialEstimator(settings, lambda: app.runtime),
        ScenarioEstimator(settings, lambda: app.runtime),
        ActivityEstimator(settings, lambda: app.runtime),
        SoundSeparator(lambda: app.runtime),
        ScenarioJoiner(settings),
        picture_store(settings, lambda: app.runtime, after_ms)
        if settings.keep_features_h
        else None,
        live_view.register(app, after_ms),
    )
    dispatcher = Dispatcher(
        Windowing(settings, featurizer(settings)), work, lambda: app.runtime.positions
    )
    queue = app.publish_queue("windower", agents=5)

    def caught_up(*names: str) -> bool:
        # Frames that were read but not processed for lack of room are not silence.
        return app.caught_up(*names) and not queue.has_unhandled

    silence = StreamSilence(
        lambda: caught_up(*SOURCES),
        settings.idle_timeout_s,
        settings.session_end_timeout_s,
        lambda: [stream for stream, topic in _TOPICS.items() if caught_up(topic)],
        settings.stream_behind_max_s,
        lambda: app.reaches_devices(*SOURCES, within_s=max(_ANSWER_S, settings.idle_timeout_s / 2)),
    )
    stage = app.operator_stage(dispatcher, queue, silence)
    app.reader(
        "windower",
        SOURCES,
        lambda stream: stage.read_batches(stream, _FRAMES_AT_ONCE),
        in_turns=True,
    )
