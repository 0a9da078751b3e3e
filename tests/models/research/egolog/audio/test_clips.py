"""How clips of sounds are varied before an encoder learns from them."""

from __future__ import annotations

import numpy as np
import pytest

from models.research.egolog.audio.clips import RATE, SECONDS, vary


@pytest.mark.parametrize("length_s", [0.001, 0.1, 0.4, 5.0])
def test_a_clip_of_any_length_becomes_five_seconds_that_sound(length_s: float) -> None:
    click = np.sin(np.arange(1, 1 + round(length_s * RATE)) / 3).astype(np.float32)
    for seed in range(30, 90):
        wave = vary(click, np.random.default_rng(seed))
        assert wave.shape == (SECONDS * RATE,)
        assert np.abs(wave).max() > 0
