"""Rendered seconds that localization learns from: drawn before, or renewed while it learns.

A graphics card renders new ones during training (`RenewedSeconds`); a CPU would do little else, so
it learns from many that were drawn before (`DrawnSeconds`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.research.egolog.localization.batched.seconds import RenderedSeconds, World
from models.research.egolog.localization.batched.sources import Placements

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.research.egolog.localization.batched.training import Course

TRAINING = Placements(
    rooms={
        "open": 0.17,
        "dry": 0.10,
        "street": 0.17,
        "room": 0.27,
        "live": 0.08,
        "hall": 0.11,
        "bathroom": 0.08,
        "car": 0.02,
    },
    counts=(0.05, 0.55, 0.27, 0.13),
    border=0.5,
    still=0.1,
)


@dataclass(frozen=True)
class DrawnSeconds:
    """Seconds that stay as they were drawn."""

    seconds: RenderedSeconds

    def renew(self, step: int) -> None:
        """Keep all."""


class RenewedSeconds:
    """Rendered seconds, of which the oldest are replaced by new ones.

    Rendering is slower than a step of training, so it is done every few steps: as often as leaves
    half of the time for learning.
    """

    def __init__(self, world: World, course: Course, placing: Placements = TRAINING) -> None:
        self._device = world.ears.plain.device
        rng = torch.Generator(self._device).manual_seed(course.seed)
        self._render: Callable[[], RenderedSeconds] = lambda: world.draw(placing, course.clips, rng)
        parts = [self._render()]
        self._size, self._render_s = len(parts[0].maps), 1.0
        while self._size * len(parts) < min(course.buffer, 40 * self._size):
            _wait(self._device)
            began = time.monotonic()
            parts.append(self._render())
            _wait(self._device)
            self._render_s = time.monotonic() - began
        self.seconds = RenderedSeconds.concatenate(parts)
        self._capacity = len(self.seconds.maps)
        self._slot, self._every, self._measured_from = 0, 2, 0.0

    def renew(self, step: int) -> None:
        """Render new seconds if they are due at this step."""
        if step % self._every:
            return
        if step == 40:
            _wait(self._device)
            self._measured_from = time.monotonic()
        if step == 80:
            self._choose_pace()
        for column, rows in zip(self.seconds, self._render(), strict=True):
            column[self._slot : self._slot + self._size] = rows
        following = self._slot + self._size
        self._slot = following % self._capacity if following + self._size <= self._capacity else 0

    def _choose_pace(self) -> None:
        _wait(self._device)
        both_s = time.monotonic() - self._measured_from
        step_s = (both_s - self._render_s * 40 / self._every) / 40
        self._every = int(np.clip(round(self._render_s / max(step_s, 1e-3)), 1, 6))
        print(
            f"render {self._render_s:.3f} s, step {step_s:.3f} s: renders every {self._every}",
            flush=True,
        )


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()
