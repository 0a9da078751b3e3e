"""Made-up stretches and encodings whose labels can be told from their values."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from models.labels import ACTIVITIES, MOTIONS, SCENARIOS, SOUND_EVENTS
from models.recordings.datasets.real_motion import MotionWindows
from models.research.egolog.days.composed import Days
from models.research.egolog.days.encoded import EncodedDays

STILL = ACTIVITIES.index("sitting")


def days(count: int = 2, seconds: int = 10) -> Days:
    """Return stretches of noise: one scenario and one activity each, by their number."""
    rng = np.random.default_rng(0)
    scenarios = np.zeros((count, seconds, len(SCENARIOS)), bool)
    activities = np.zeros((count, seconds), np.int8)
    for number in range(count):
        scenarios[number, :, number % len(SCENARIOS)] = True
        activities[number] = number % len(ACTIVITIES)
    return Days(
        mel=rng.uniform(0, 20, (count, 50 * seconds, 64)).astype(np.float16),
        imu=rng.normal(0, 1, (count, 50 * seconds, 6)).astype(np.float32),
        scenarios=scenarios,
        events=np.zeros((count, seconds, 2, len(SOUND_EVENTS)), bool),
        activities=activities,
        motions=np.full((count, seconds // 2), -1, np.int8),
    )


def encoded(
    count: int = 48, seconds: int = 60, seed: int = 0, scenarios: int = 4, noise: float = 0.5
) -> EncodedDays:
    """Return stretches that tell their scenario by both modalities, their activity by their sum.

    Stretch n lives scenario n modulo `scenarios`; window q of it the activity of scenario and
    q modulo 2: sound shows the scenario, motion q modulo 2.
    """
    rng = np.random.default_rng(seed)
    at = np.arange(count) % scenarios
    windows = seconds // 5
    odd = np.arange(windows) % 2

    def tensor(values: np.ndarray) -> Tensor:
        return torch.from_numpy(values.astype(np.float32))

    def noisy(shown: np.ndarray, width: int) -> Tensor:
        # One random code for each of what is to be told apart, the same whatever the seed.
        codes = np.random.default_rng(width).choice((-1.0, 1.0), (scenarios + 2, width))
        return tensor(codes[shown] + rng.normal(0, noise, (*shown.shape, width)))

    points = seconds - 1
    hot = np.zeros((count, seconds, len(SCENARIOS)))
    hot[np.arange(count), :, at] = 1
    audio = noisy(np.repeat(at[:, None], points, 1), 256)
    imu = noisy(np.repeat(at[:, None], points, 1), 128)
    audio_5s = noisy(np.repeat(at[:, None], windows, 1), 256)
    imu_5s = noisy(np.repeat(scenarios + odd[None], count, 0), 128)
    return EncodedDays(
        audio=audio,
        imu=imu,
        audio_plain=audio,
        imu_plain=imu,
        audio_5s=audio_5s,
        imu_5s=imu_5s,
        audio_seconds=audio_5s[:, :, None].repeat(1, 1, 5, 1),
        imu_seconds=imu_5s[:, :, None].repeat(1, 1, 5, 1),
        scenarios=tensor(hot),
        activity=torch.from_numpy(2 * at[:, None] + odd[None]),
    )


def motion(count: int = 64, seed: int = 0) -> MotionWindows:
    """Return windows of 6 s that swing at a pace and a size of their own for each motion class."""
    rng = np.random.default_rng(seed)
    which = np.arange(count) % len(MOTIONS)
    imu = rng.normal(0, 0.1, (count, 300, 6))
    imu[..., 2] += 9.81
    time = np.arange(300) / 50
    size = 0.5 * 3.0 ** which[:, None]
    imu[..., 2] += size * np.sin(2 * np.pi * (0.5 + which[:, None]) * time)
    activities = [ACTIVITIES.index(a) for a in ("walking", "running", "standing up", "sitting")]
    return MotionWindows(
        imu.astype(np.float32),
        which.astype(np.int64),
        np.array(activities)[which],
        slack=np.full(count, 150),
        source=np.where(np.arange(count) % 8 < 4, "glasses", "watch"),
    )
