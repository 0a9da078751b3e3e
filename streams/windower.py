"""Frames → windows."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from infra import clock, metric_labels, metrics
from models.features import Features
from models.network.windows import HAR_WINDOW_S, SCENARIO_WINDOW_S, SPATIAL_WINDOW_S
from models.serving.speech import SpeechGuard
from operators.errors import ImplausibleTimeError
from operators.windowing import Windower, WindowingConfig
from schemas.event_time import why_refused
from schemas.frames import MODALITIES, NS, AudioFrame, Modality
from streams.engine.newest_times import NewestTimes
from streams.engine.silence import AwaitedSession
from streams.engine.startup import open_speech_detector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from faust.types import Message

    from infra.settings import Settings
    from operators.featurizer import Featurizer
    from operators.windowed import Windowed
    from schemas import ImuFrame
    from streams.engine.kafka.received import Received, Token


log = logging.getLogger(__name__)

# Kafka's number for a topic of `message.timestamp.type=LogAppendTime`.
_BY_THE_BROKER = 1


class Windowing:
    """Cuts the frames of each device into windows.

    A frame with a time that is implausible by the wall clock is rejected before it can move a
    watermark. That clock is the later one of this host's and, where topics are stamped by it, the
    broker's: a host whose clock is behind would reject what devices send now.
    """

    def __init__(
        self,
        settings: Settings,
        featurizer: Featurizer,
        clock_ns: Callable[[], int] = clock.now_ns,
        config: WindowingConfig | None = None,
    ) -> None:
        of_the_weights = WindowingConfig(
            SPATIAL_WINDOW_S,
            HAR_WINDOW_S,
            SCENARIO_WINDOW_S,
            settings.allowed_lateness_s,
            settings.device_held_mb * 1_000_000,
            settings.speech_filter,
        )
        self._windower: Windower[Token] = Windower(config or of_the_weights, featurizer)
        self._clock_ns = clock_ns
        self._newest = NewestTimes()

    def knows(self, device_id: str) -> bool:
        """Return whether this device's checkpoint was restored or found absent."""
        return self._windower.knows(device_id)

    def knows_session(self, device_id: str, session_id: str) -> bool:
        """Return whether there is state of a device's session."""
        return self._windower.knows_session(device_id, session_id)

    def sessions(self, device_id: str) -> set[str]:
        """Return the names of a device's sessions with state."""
        return self._windower.sessions(device_id)

    def restore(self, device_id: str, checkpoint: bytes | None) -> None:
        """Restore a device from its checkpoint; None for a device without one."""
        self._windower.restore(device_id, checkpoint)

    def forget(self) -> None:
        """Drop all state: the partitions were revoked and will be read again."""
        self._windower.forget()

    def at_rest(self) -> Iterator[str]:
        """Yield the devices without unacknowledged data."""
        return self._windower.at_rest()

    def forget_device(self, device_id: str) -> None:
        """Drop the state of a device at rest, until it is restored."""
        self._windower.forget_device(device_id)

    def stream(self, frame: AudioFrame | ImuFrame) -> Modality:
        """Return a frame's modality."""
        return "audio" if isinstance(frame, AudioFrame) else "imu"

    def push(self, received: Received[AudioFrame | ImuFrame]) -> Windowed[Token]:
        """Process a frame; raises `OperatorError` if it is unusable."""
        frame, token = received.message, received.token
        _FRAMES[self.stream(frame)].inc()
        refusal = why_refused(frame.t_ns, max(self._clock_ns(), written_ns(token.message)))
        if refusal is not None:
            raise ImplausibleTimeError(f"t_ns {frame.t_ns} {refusal}")
        self._newest.note(token.message.topic, frame.t_ns)
        windowed = self._windower.push(frame, token)
        # The operator has the samples now; a held token must not keep the bytes as well.
        token.message.value = None
        count(windowed)
        return windowed

    def waiting(self) -> Iterator[AwaitedSession]:
        """Yield the sessions that hold frames, with the modalities that are behind."""
        for each in self._windower.waiting():
            yield AwaitedSession(
                each.device_id,
                each.session_id,
                each.session,
                each.silent,
                each.everything,
                {str(modality): seconds for modality, seconds in each.behind_s.items()},
            )

    def give_up(self, session: AwaitedSession, streams: Sequence[str]) -> Windowed[Token]:
        """Stop waiting for silent modalities of a session, until they send again."""
        modalities = tuple(modality for modality in MODALITIES if modality in streams)
        windowed = self._windower.give_up(session.device_id, session.name, modalities)
        count(windowed)
        return windowed


def written_ns(message: Message) -> int:
    """Return when the broker wrote a message, ns since the epoch; 0 where only its sender says."""
    return round(message.timestamp * NS) if message.timestamp_type == _BY_THE_BROKER else 0


def featurizer(settings: Settings) -> Featurizer:
    """Return the featurizer for the networks of these settings."""
    features = Features()
    if settings.audio_tagger is not None:
        # It needs torch, which only a worker with a tagger imports.
        from models.serving.audio_tagger import TaggerFeatures

        features = TaggerFeatures()
    if settings.speech_filter == "off":
        return features
    return SpeechGuard(features, lambda: open_speech_detector(settings), settings.speech_above)


def count(windowed: Windowed[Token]) -> None:
    """Add the counts to the metrics."""
    for window in windowed.windows:
        _WINDOWS[window.kind].inc()
    # Most frames have no counts, and looking up a metric costs more than a frame's samples.
    for (what, modality), number in windowed.counts.items():
        if what == "gap_ns":
            metrics.gap_seconds.labels(modality=modality).inc(number / NS)
        elif what == "speech":
            metrics.speech_filtered.inc(number)
        else:
            _COUNTERS[what].labels(modality=modality).inc(number)


_FRAMES = {modality: metrics.frames.labels(modality=modality) for modality in MODALITIES}
_WINDOWS = {kind: metrics.windows.labels(kind=kind) for kind in metric_labels.WINDOW_KINDS}
_COUNTERS = {
    "late_samples": metrics.late_samples,
    "reread_samples": metrics.reread_samples,
    "duplicates": metrics.duplicates,
    "resets": metrics.resets,
    "overlaps": metrics.overlaps,
    "given_up": metrics.given_up,
}
