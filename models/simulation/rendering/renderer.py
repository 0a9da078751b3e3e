"""Renders a plan for a wearer: sound, motion and audible events, for any whole seconds."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol

import numpy as np

from models.simulation.acoustics.sounds import SoundSource, synthesise
from models.simulation.life.motion import RATE, HeadMotion, move
from models.simulation.rendering.mixer import AudibleEvent, Listener, Mixer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from models.simulation.life.plan import Plan, PlannedActivity, SoundEvent
    from models.simulation.life.wearer import SimulatedWearer

_KEPT_MOTIONS = 16


class MotionSource(Protocol):
    """The wearer's motion in a span of activity."""

    def __call__(
        self, span: PlannedActivity, rng: Generator, wearer: SimulatedWearer
    ) -> HeadMotion:
        """Return the motion of the whole span at 50 Hz."""


def simulate_motion(span: PlannedActivity, rng: Generator, wearer: SimulatedWearer) -> HeadMotion:
    """Return the span's motion as `models.simulation.life.motion` makes it up."""
    return move(
        span.manner,
        span.stop_s - span.start_s,
        rng,
        wearer,
        headings=span.headings,
        change=span.label if span.label in ("standing up", "sitting down") else None,
        steps_hz=span.pace * wearer.cadence(span.manner.posture),
        vehicle=span.vehicle,
    )


class Stage:
    """A plan, a wearer and a source of sounds, rendered on demand; not for two threads at once.

    `seed` is that of the microphones' noise only; everything else comes from the plan's own seeds.
    `motions` replaces the simulated motion by recorded motion; `mono` renders one microphone.
    """

    def __init__(
        self,
        plan: Plan,
        wearer: SimulatedWearer,
        seed: int,
        sounds: SoundSource = synthesise,
        motions: MotionSource = simulate_motion,
        mono: bool = False,
    ) -> None:
        self.plan = plan
        self._wearer = wearer
        self._starts = np.array([a.start_s for a in plan.activities])
        self._motions: OrderedDict[int, HeadMotion] = OrderedDict()
        self._move = motions
        ears = None if mono else wearer.ears
        listener = Listener(plan.seconds, ears, self.yaw, wearer.mic_noise, self._cadence_at)
        self._mixer = Mixer(plan.sounds, listener, seed, sounds)
        self._mixer_inputs = (listener, seed, sounds)

    def playing(self, events: Sequence[SoundEvent]) -> Mixer:
        """Return the same listener among other sounds, sorted by start."""
        return Mixer(events, *self._mixer_inputs)

    def audio(self, start_s: int, stop_s: int) -> NDArray[np.float32]:
        """Return (2, (stop_s - start_s) * 16000) float32, left ear first, within [-1, 1]."""
        return self._mixer.audio(start_s, stop_s)

    def audible_events(self, start_s: int, stop_s: int) -> list[AudibleEvent]:
        """Return each second's sounds and the region that most of each lies in."""
        return self._mixer.audible_events(start_s, stop_s)

    def imu(self, start_s: int, stop_s: int) -> NDArray[np.float32]:
        """Return ((stop_s - start_s) * 50, 6) float32: acc m/s², gyro rad/s, sensor axes."""
        return np.concatenate([m.imu[a:b] for m, a, b in self._motion(start_s, stop_s)])

    def yaw(self, start_s: int, stop_s: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the yaw of head and body, ((stop_s - start_s) * 50,), rad, counter-clockwise."""
        parts = self._motion(start_s, stop_s)
        return (
            np.concatenate([m.yaw[a:b] for m, a, b in parts]),
            np.concatenate([m.body_yaw[a:b] for m, a, b in parts]),
        )

    def _index(self, at_s: float) -> int:
        return int(np.searchsorted(self._starts, at_s, "right")) - 1

    def _motion(self, start_s: int, stop_s: int) -> list[tuple[HeadMotion, int, int]]:
        parts = []
        index = self._index(start_s)
        while index < len(self.plan.activities) and self.plan.activities[index].start_s < stop_s:
            span = self.plan.activities[index]
            a = max(start_s, span.start_s) - span.start_s
            b = min(stop_s, span.stop_s) - span.start_s
            parts.append((self._motion_of(index, span), a * RATE, b * RATE))
            index += 1
        return parts

    def _motion_of(self, index: int, span: PlannedActivity) -> HeadMotion:
        if index not in self._motions:
            self._motions[index] = self._move(span, np.random.default_rng(span.seed), self._wearer)
            while len(self._motions) > _KEPT_MOTIONS:
                self._motions.popitem(last=False)
        self._motions.move_to_end(index)
        return self._motions[index]

    def _cadence_at(self, at_s: float) -> float:
        return self._wearer.cadence(self.plan.activities[self._index(at_s)].manner.posture)
