"""The newest event time of each topic that is read, as a metric."""

from __future__ import annotations

from infra import metrics, topics
from schemas.frames import NS

TIMED = (topics.AUDIO_FRAMES, topics.IMU_FRAMES, topics.ACTIVITY, topics.SCENARIO)
"""Topics of which the newest time is measured, without prefix."""


class NewestTimes:
    """Exports the newest event time of each topic, over all of its devices."""

    def __init__(self) -> None:
        self._newest_ns: dict[str, int] = {}

    def note(self, topic: str, t_ns: int) -> None:
        """Take note of a message's event time; `topic` is the broker's name of its topic."""
        if t_ns > self._newest_ns.get(topic, 0):
            self._newest_ns[topic] = t_ns
            metrics.newest_time.labels(topic=topic).set(t_ns / NS)
