"""A composed day: a random plan of a day, with real sounds, real ears and real motion.

Unlike `models.simulation.composed`, which follows one ClassyGlass recording, a composed day has
scenarios and all activities. It is a function of seed, length, device and material alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from models.simulation.acoustics.microphone_arrays import MicrophoneArray
from models.simulation.life.wearer import SimulatedWearer
from models.simulation.rendering.renderer import MotionSource, Stage, simulate_motion
from models.simulation.simulated_day import SimulatedDay
from schemas.frames import NS

if TYPE_CHECKING:
    from models.simulation.sources.material import Material

Device = Literal["earphones", "glasses", "headphones"]
DEVICES: tuple[Device, ...] = ("earphones", "glasses", "headphones")


class ComposedDay(SimulatedDay):
    """A seeded day of `minutes` of `material`, worn as earphones (2 channels) or an array (4)."""

    def __init__(
        self,
        seed: int,
        minutes: float,
        material: Material,
        device: Device = "earphones",
        start_ns: int | None = None,
    ) -> None:
        super().__init__(seed, minutes, start_ns)
        self.name = self.device_id = f"composed-{device}-{seed}"
        self.session_id = f"{self.name}-{self.start_ns // NS}"
        self._material = material
        rng = np.random.default_rng([seed, 6])
        if device == "earphones":
            ears = material.ears[int(rng.integers(len(material.ears)))] if material.ears else None
            self._wearer = SimulatedWearer.draw(rng, ears)
        else:
            self.channels = 4
            self._wearer = SimulatedWearer.draw(rng, MicrophoneArray.draw(device, rng))

    def _stage(self) -> Stage:
        motions: MotionSource = simulate_motion
        if self._material.motions is not None:
            drawn = self._material.motions.wearer(np.random.default_rng([self._seed, 7]), False)
            motions = drawn or simulate_motion
        return Stage(self._plan, self._wearer, self._seed, self._material.sounds, motions)
