import numpy as np
import pytest

from models.research.egolog.localization.batched.sounds import make_loop


@pytest.mark.parametrize("length", [4_000, 33_000, 80_000, 120_000])
def test_a_loop_goes_over_into_itself(length: int) -> None:
    wave = np.sin(2 * np.pi * 100 * np.arange(length) / 16_000 + 0.3).astype(np.float32)
    loop = make_loop(wave)
    assert loop.shape == (80_000,)
    assert np.abs(loop).max() == pytest.approx(1, abs=1e-3)
    assert abs(loop[0] - loop[-1]) < 0.15
