"""Renders a plan: two ears of sound and a head's motion for any whole seconds, and the truth.

Each sound event and each activity is rendered whole from its own seed and then cut, so what a
second sounds like does not depend on where rendering began.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.simulate.ears import HOP, TAPS, heard
from models.simulate.life import CROSSFADE_S, ActivitySpan, Plan, SoundEvent
from models.simulate.motion import RATE, HeadMotion, move
from models.simulate.rooms import reverberated
from models.simulate.sounds import FS, SoundSource, synthesise
from models.simulate.wearer import Wearer
from schemas.evidence import DIRECTIONS

# A source must be heard this long in a second (or two) to count as heard there.
HEARD_S = 0.3


@dataclass(frozen=True)
class Heard:
    """A sound event in one second: label and region."""

    second: int
    label: str
    region: str


class Stage:
    """A plan, a wearer and a source of sounds, rendered on demand.

    `seed` feeds the microphones' noise only; everything else comes from the plan's own seeds.
    """

    def __init__(
        self, plan: Plan, wearer: Wearer, seed: int, sounds: SoundSource = synthesise
    ) -> None:
        self.plan = plan
        self._wearer = wearer
        self._seed = seed
        self._sounds = sounds
        self._starts = np.array([a.start_s for a in plan.activities])
        self._motions: OrderedDict[int, HeadMotion] = OrderedDict()
        self._rendered: dict[int, tuple[int, NDArray[np.float32]]] = {}

    def audio(self, start_s: int, stop_s: int) -> NDArray[np.float32]:
        """Return (2, (stop_s - start_s) * 16000) float32, left ear first, within [-1, 1]."""
        first, last = start_s * FS, stop_s * FS
        out = np.concatenate([self._noise(s) for s in range(start_s, stop_s)], axis=1)
        for index, event in enumerate(self.plan.sounds):
            begin = round(event.start_s * FS)
            if begin >= last:
                break
            if begin + self._longest(event) <= first:
                continue
            if index not in self._rendered:
                self._rendered[index] = (begin, self._render(event))
            begin, wave = self._rendered[index]
            a, b = max(first, begin), min(last, begin + wave.shape[1])
            if a < b:
                out[:, a - first : b - first] += wave[:, a - begin : b - begin]
        # What ended before this block is not asked for again, except by going back.
        self._rendered = {
            i: (begin, wave)
            for i, (begin, wave) in self._rendered.items()
            if begin + wave.shape[1] > last
        }
        return np.clip(out, -1, 1, out=out)

    def imu(self, start_s: int, stop_s: int) -> NDArray[np.float32]:
        """Return ((stop_s - start_s) * 50, 6) float32: acc m/s², gyro rad/s, sensor axes."""
        return np.concatenate([m.imu[a:b] for m, a, b in self._motion(start_s, stop_s)])

    def yaw(self, start_s: int, stop_s: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the yaw of head and body at 50 Hz, rad, counter-clockwise."""
        parts = list(self._motion(start_s, stop_s))
        return (
            np.concatenate([m.yaw[a:b] for m, a, b in parts]),
            np.concatenate([m.body_yaw[a:b] for m, a, b in parts]),
        )

    def heard(self, start_s: int, stop_s: int) -> list[Heard]:
        """Return each second's sounds and the region that most of each lies in."""
        found: list[Heard] = []
        for event in self.plan.sounds:
            if event.start_s >= stop_s:
                break
            first = max(start_s, int(event.start_s))
            last = min(stop_s, int(np.ceil(event.stop_s)), self.plan.seconds)
            if last <= first:
                continue
            relative = self._relative(event, first, last).reshape(-1, RATE)
            mean = np.angle(np.exp(1j * relative).mean(axis=1))
            for k, second in enumerate(range(first, last)):
                overlap = min(event.stop_s, second + 1) - max(event.start_s, second)
                if overlap >= HEARD_S:
                    found.append(Heard(second, event.label, region(float(mean[k]), event.near)))
        return found

    def _motion(self, start_s: int, stop_s: int) -> list[tuple[HeadMotion, int, int]]:
        parts = []
        index = int(np.searchsorted(self._starts, start_s, "right")) - 1
        while index < len(self.plan.activities) and self.plan.activities[index].start_s < stop_s:
            span = self.plan.activities[index]
            a = max(start_s, span.start_s) - span.start_s
            b = min(stop_s, span.stop_s) - span.start_s
            parts.append((self._moved(index, span), a * RATE, b * RATE))
            index += 1
        return parts

    def _moved(self, index: int, span: ActivitySpan) -> HeadMotion:
        if index not in self._motions:
            change = span.label if span.label in ("standing up", "sitting down") else None
            self._motions[index] = move(
                span.manner,
                span.stop_s - span.start_s,
                np.random.default_rng(span.seed),
                self._wearer,
                headings=span.headings,
                change=change,
                steps_hz=self._cadence(span.manner.posture, span.pace),
                vehicle=span.vehicle,
            )
            while len(self._motions) > 16:
                self._motions.popitem(last=False)
        self._motions.move_to_end(index)
        return self._motions[index]

    def _cadence(self, posture: str, pace: float) -> float:
        return pace * (self._wearer.run_hz if posture == "run" else self._wearer.walk_hz)

    def _relative(self, event: SoundEvent, start_s: int, stop_s: int) -> NDArray[np.float64]:
        head, body = self.yaw(start_s, stop_s)
        return event.azimuth + (body - head if event.near else -head)

    def _longest(self, event: SoundEvent) -> int:
        return round((event.stop_s - event.start_s) * FS) + TAPS + FS

    def _render(self, event: SoundEvent) -> NDArray[np.float32]:
        n = round((event.stop_s - event.start_s) * FS)
        take = np.random.default_rng(event.take)
        pace = None
        if event.pace is not None:
            pace = self._cadence(self._posture_at(event.start_s), event.pace)
        dry = self._sounds(event.label, np.random.default_rng(event.source), take, n, pace)
        fade = min(round(CROSSFADE_S * FS), n // 4)
        slope = np.sin(np.linspace(0, np.pi / 2, fade, dtype=np.float32))
        dry[:fade] *= slope
        dry[n - fade :] *= slope[::-1]
        table = self._wearer.ears.responses(event.distance_m)
        wet = heard(dry, self._directions(event, n), table)
        tail = event.room.tail(event.distance_m, take)
        total = reverberated(dry, tail, n + TAPS + tail.shape[1])
        total[:, : wet.shape[1]] += wet
        size = n // 320 * 320
        frames = np.sort(np.mean(total[:, :size].reshape(2, -1, 320) ** 2, axis=(0, 2)))
        loud = float(np.sqrt(np.mean(frames[-max(1, frames.size // 3) :])))
        if loud > 0:
            total *= np.float32(10 ** (event.level_db / 20) / loud)
        return total

    def _posture_at(self, at_s: float) -> str:
        index = int(np.searchsorted(self._starts, at_s, "right")) - 1
        return self.plan.activities[index].manner.posture

    def _directions(self, event: SoundEvent, n: int) -> NDArray[np.float64]:
        first = int(event.start_s)
        last = min(int(np.ceil(event.stop_s)) + 1, self.plan.seconds)
        relative = self._relative(event, first, last)
        at = event.start_s - first + np.arange(-(-n // HOP) + 1) * (HOP / FS)
        return np.asarray(np.interp(at, np.arange(relative.size) / RATE, relative), np.float64)

    def _noise(self, second: int) -> NDArray[np.float32]:
        rng = np.random.default_rng([self._seed, 2, second])
        noise = rng.standard_normal((2, FS), dtype=np.float32)
        return noise * np.float32(self._wearer.mic_noise)


def region(azimuth: float, near: bool) -> str:
    """Return the region of an azimuth relative to the head (rad, counter-clockwise)."""
    quarter = round(azimuth / (np.pi / 2)) % 4
    direction = (DIRECTIONS[0], DIRECTIONS[1], DIRECTIONS[3], DIRECTIONS[2])[quarter]
    return f"{direction}-{'near' if near else 'far'}"
