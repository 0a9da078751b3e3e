from __future__ import annotations

import numpy as np
import pytest

from models.egolog.sound_level import QUIETEST_DB, level_db
from models.features import Features


@pytest.mark.parametrize("amplitude", [1.0, 0.1, 0.001])
def test_a_sine_is_as_loud_as_its_mean_square(amplitude: float) -> None:
    at = np.arange(16_000) / 16_000
    samples = (amplitude * np.sin(2 * np.pi * 1_000 * at)).astype(np.float32)[None]
    mel = Features().audio(samples, 16_000, np.ones(16_000, dtype=bool))["mel"]
    assert level_db(mel) == pytest.approx(20 * np.log10(amplitude) - 3.0, abs=1.0)


def test_silence_is_at_the_floor() -> None:
    assert level_db(np.zeros((50, 64), dtype=np.float16)) == QUIETEST_DB
