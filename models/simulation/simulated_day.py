"""A simulated day as a recording: two ears at 16 kHz and head motion at 50 Hz, with its truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.recordings.blocks import Blocks
from models.recordings.protocol import (
    AudioChunk,
    ImuChunk,
    RecordingError,
    TruthSpan,
    cuts,
    sample_time_ns,
)
from models.simulation.acoustics.sounds import FS
from models.simulation.life import day_plan
from models.simulation.life.motion import RATE
from models.simulation.life.wearer import SimulatedWearer
from models.simulation.rendering import ground_truth
from models.simulation.rendering.renderer import Stage
from schemas.frames import NS, Modality

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# 2026-03-02T08:00:00Z, a Monday morning.
DEFAULT_START_NS = 1_772_438_400 * NS


class SimulatedDay:
    """A seeded day of `minutes` (at least 0.5), from `start_ns` on.

    `wearer` draws the person, ears and device and so lets one wearer live several days; without it
    the seed draws them. Every sample is a function of (seed, minutes, wearer) alone.
    """

    streams: tuple[Modality, ...] = ("audio", "imu")

    def __init__(
        self, seed: int, minutes: float, start_ns: int | None = None, wearer: int | None = None
    ) -> None:
        if seed < 0 or (wearer is not None and wearer < 0):
            raise RecordingError(f"seed is {seed} and wearer {wearer}; expected 0 or more")
        if not 0.5 <= minutes <= 1440:
            raise RecordingError(f"minutes is {minutes}; expected 0.5 to 1440")
        self.start_ns = DEFAULT_START_NS if start_ns is None else start_ns
        self.name = f"simulated-{seed}" if wearer is None else f"simulated-{seed}-w{wearer}"
        self.device_id = self.name if wearer is None else f"simulated-w{wearer}"
        self.session_id = f"{self.name}-{self.start_ns // NS}"
        self.sample_rate: int | None = FS
        self.channels: int | None = 2
        self.imu_rate: float | None = float(RATE)
        self._seed = seed
        self._plan = day_plan.day(seed, minutes)
        self._wearer = SimulatedWearer.draw(
            np.random.default_rng([seed if wearer is None else wearer, 3])
        )
        self.duration_s = float(self._plan.seconds)

    def audio(self, chunk_s: float = 1.0, start_s: float = 0.0) -> Iterator[AudioChunk]:
        """Yield (n, 2) int16, left ear first."""
        blocks = Blocks(FS, self._plan.seconds, self._stage().audio, axis=1)
        for first, last in cuts(self._plan.seconds * FS, FS, chunk_s, start_s):
            wave = np.round(blocks.cut(first, last) * 32_767).astype(np.int16)
            samples = np.ascontiguousarray(wave.T)
            yield AudioChunk(sample_time_ns(self.start_ns, first, FS), samples)

    def imu(self, chunk_s: float = 1.0, start_s: float = 0.0) -> Iterator[ImuChunk]:
        """Yield acc and gyro, (n, 3) float32 each, in sensor axes."""
        blocks = Blocks(RATE, self._plan.seconds, self._stage().imu, axis=0)
        for first, last in cuts(self._plan.seconds * RATE, RATE, chunk_s, start_s):
            values = blocks.cut(first, last)
            yield ImuChunk.of_rows(sample_time_ns(self.start_ns, first, RATE), values)

    def truth(self) -> Sequence[TruthSpan]:
        """Return scenarios, activities, motions and sounds with their regions."""
        return ground_truth.spans(self._stage(), self.start_ns)

    def _stage(self) -> Stage:
        # One for each iterator: they may be read from different threads and at different paces.
        return Stage(self._plan, self._wearer, self._seed)
