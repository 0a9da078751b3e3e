"""The length of a rendered clip, and of its part that is kept."""

from __future__ import annotations

from models.simulation.acoustics.ears import HOP
from models.simulation.acoustics.sounds.dsp import FS

BEFORE_S, KEPT_S = 1, 2
CLIP_S = BEFORE_S + KEPT_S
SAMPLES = CLIP_S * FS
STEPS = -(-SAMPLES // HOP) + 1
