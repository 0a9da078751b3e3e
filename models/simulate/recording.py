"""A simulated day as a recording: two ears at 16 kHz and head motion at 50 Hz, with its truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.recordings.protocol import (
    AudioChunk,
    ImuChunk,
    RecordingError,
    TruthSpan,
    cuts,
    sample_time_ns,
)
from models.simulate import life, truth
from models.simulate.motion import RATE
from models.simulate.sounds import FS
from models.simulate.stage import Stage
from models.simulate.wearer import Wearer
from schemas.frames import NS, Modality

# 2026-03-02T08:00:00Z, a Monday morning.
DEFAULT_START_NS = 1_772_438_400 * NS
# Rendered at once: short, so that the first chunk comes soon; the result does not depend on it.
_BLOCK_S = 10


Render: TypeAlias = Callable[[int, int], NDArray[np.float32]]


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
            raise RecordingError(f"seed is {seed} and wearer {wearer}; want 0 or more")
        if not 0.5 <= minutes <= 1440:
            raise RecordingError(f"minutes is {minutes}; want 0.5 to 1440")
        self.start_ns = DEFAULT_START_NS if start_ns is None else start_ns
        self.name = f"simulated-{seed}" if wearer is None else f"simulated-{seed}-w{wearer}"
        self.device_id = self.name if wearer is None else f"simulated-w{wearer}"
        self.session_id = f"{self.name}-{self.start_ns // NS}"
        self.sample_rate: int | None = FS
        self.channels: int | None = 2
        self.imu_rate: float | None = float(RATE)
        self._seed = seed
        self._plan = life.day(seed, minutes)
        self._wearer = Wearer.draw(np.random.default_rng([seed if wearer is None else wearer, 3]))
        self.duration_s = float(self._plan.seconds)

    def audio(self, chunk_s: float = 1.0, start_s: float = 0.0) -> Iterator[AudioChunk]:
        """Yield (n, 2) int16, left ear first."""
        blocks = _Blocks(FS, self._plan.seconds, self._stage().audio, axis=1)
        for first, last in cuts(self._plan.seconds * FS, FS, chunk_s, start_s):
            wave = np.round(blocks.cut(first, last) * 32_767).astype(np.int16)
            samples = np.ascontiguousarray(wave.T)
            yield AudioChunk(sample_time_ns(self.start_ns, first, FS), samples)

    def imu(self, chunk_s: float = 1.0, start_s: float = 0.0) -> Iterator[ImuChunk]:
        """Yield acc and gyro, (n, 3) float32 each, in sensor axes."""
        blocks = _Blocks(RATE, self._plan.seconds, self._stage().imu, axis=0)
        for first, last in cuts(self._plan.seconds * RATE, RATE, chunk_s, start_s):
            values = blocks.cut(first, last)
            acc, gyro = values[:, :3].copy(), values[:, 3:].copy()
            yield ImuChunk(sample_time_ns(self.start_ns, first, RATE), acc, gyro)

    def truth(self) -> Sequence[TruthSpan]:
        """Return scenarios, activities, motions and sounds with their regions."""
        return truth.spans(self._stage(), self.start_ns)

    def _stage(self) -> Stage:
        # One for each iterator: they may be read from different threads and at different paces.
        return Stage(self._plan, self._wearer, self._seed)


class _Blocks:
    """Cuts any sample range out of blocks of whole seconds, keeping the newest block."""

    def __init__(self, rate: int, seconds: int, render: Render, axis: int) -> None:
        self._rate, self._seconds, self._render, self._axis = rate, seconds, render, axis
        self._number = -1
        self._block: NDArray[np.float32] = np.empty(0, np.float32)

    def cut(self, first: int, last: int) -> NDArray[np.float32]:
        """Return the samples [first, last)."""
        size = _BLOCK_S * self._rate
        parts = []
        for number in range(first // size, -(-last // size)):
            block = self._at(number)
            start = max(first - number * size, 0)
            stop = min(last - number * size, size)
            parts.append(np.take(block, np.arange(start, stop), axis=self._axis))
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=self._axis)

    def _at(self, number: int) -> NDArray[np.float32]:
        if number != self._number:
            stop = min((number + 1) * _BLOCK_S, self._seconds)
            self._block = self._render(number * _BLOCK_S, stop)
            self._number = number
        return self._block
