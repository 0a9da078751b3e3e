"""Scores of a labelled recording computed offline, as the reference for the stream.

Windows, gate and scenario context are the pipeline's own; a test compares a replay's log with these
figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.egolog.scenario_memory import smooth_estimates
from models.features import Features
from models.labels import ACTIVITIES, SCENARIOS
from models.research.egolog.days.encoded import window_activities
from models.research.egolog.offline_pipeline import OfflinePipeline, WindowEstimate
from models.research.egolog.scenario import MIN_SHARE, WINDOW_S
from models.research.lib.metrics import accuracy, micro_f1
from models.serving.scenario_context import scenario_context
from schemas.frames import NS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from models.recordings.protocol import Recording, TruthSpan
    from models.serving.registry import Registry


@dataclass(frozen=True)
class RecordingTruth:
    """The truth: scenarios of each 30 s (N, 16), activities of each 5 s (Q,)."""

    scenarios: NDArray[np.float32]
    activities: NDArray[np.int64]

    @classmethod
    def of(cls, recording: Recording) -> RecordingTruth:
        """Read the whole windows of a recording that starts on a window border."""
        seconds = int(recording.duration_s) // WINDOW_S * WINDOW_S
        scenarios = np.zeros((seconds, len(SCENARIOS)), np.float32)
        activities = np.zeros(seconds, np.int8)
        for span in recording.truth():
            inside = _seconds(span, recording.start_ns)
            if span.kind == "scenario":
                scenarios[inside, SCENARIOS.index(span.label)] = 1
            elif span.kind == "activity":
                activities[inside] = ACTIVITIES.index(span.label)
        share = scenarios.reshape(-1, WINDOW_S, len(SCENARIOS)).mean(axis=1)
        return cls((share >= MIN_SHARE).astype(np.float32), window_activities(activities[None])[0])


@dataclass(frozen=True)
class StreamedScore:
    """Micro-F1 of the scenarios and accuracy of the activities."""

    scenario_f1: float
    har_accuracy: float


def score(
    truth: RecordingTruth,
    scenarios: Sequence[Mapping[str, float]],
    activities: Sequence[Mapping[str, float]],
) -> StreamedScore:
    """Score estimates of consecutive windows, from the stream or offline."""
    probabilities = np.array(
        [[window[name] for name in SCENARIOS] for window in scenarios], np.float32
    )
    likeliest = [ACTIVITIES.index(max(window, key=lambda n: window[n])) for window in activities]
    return StreamedScore(
        micro_f1(probabilities, truth.scenarios), accuracy(np.array(likeliest), truth.activities)
    )


def offline(recording: Recording, registry: Registry) -> StreamedScore:
    """Score a recording of sound and motion that begins on a window's border."""
    features = Features()
    rate, imu_rate = int(recording.sample_rate or 0), float(recording.imu_rate or 0)
    if not rate or not imu_rate:
        raise ValueError(f"recording {recording.name!r} lacks sound or motion; expected both")
    sound = [
        chunk.samples.T.astype(np.float32) / np.float32(32768) for chunk in recording.audio(1.0)
    ]
    motion = [np.concatenate([c.acc, c.gyro], axis=1) for c in recording.imu(1.0)]
    count = len(sound) // WINDOW_S * WINDOW_S
    audio = [features.audio(s, rate, np.ones(s.shape[1], dtype=bool)) for s in sound[:count]]
    imu = [
        features.imu(m.astype(np.float32), imu_rate, np.ones(len(m), dtype=bool))["imu"]
        for m in motion[:count]
    ]
    pipeline = OfflinePipeline(registry)
    estimates: list[WindowEstimate] = []
    own: list[tuple[float, dict[str, float]]] = []
    context: dict[str, float] | None = None
    for first in range(0, count, WINDOW_S):
        window = slice(first, first + WINDOW_S)
        estimates.append(
            pipeline.estimate(
                np.concatenate([second["mel"] for second in audio[window]]),
                np.stack([second["maps"] for second in audio[window]]),
                np.concatenate(imu[window]),
                context,
            )
        )
        scenario = estimates[-1].scenario
        own.append((float(first), scenario.scenarios))
        context = scenario_context(own, scenario.undisturbed)
    return score(
        RecordingTruth.of(recording),
        [smooth_estimates(own[: at + 1]) for at in range(len(own))],
        [activities for estimate in estimates for activities in estimate.activities],
    )


def _seconds(span: TruthSpan, start_ns: int) -> slice:
    return slice((span.start_ns - start_ns) // NS, (span.end_ns - start_ns) // NS)
