"""Every few samples of sound, filtered: as scipy does it, to rounding."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from models.network.decimation import decimate
from models.network.polyphase import low_pass


@pytest.mark.parametrize("factor", [2, 3, 12])
@pytest.mark.parametrize("outputs", [50, 236, 16_000])
def test_decimated_sound_is_that_of_scipy(factor: int, outputs: int) -> None:
    noise = np.random.default_rng(0).normal(0.2, 0.1, (2, outputs * factor)).astype(np.float32)
    taps = low_pass(1, factor).astype(np.float32)
    expected = signal.resample_poly(noise, 1, factor, axis=1, window=taps, padtype="line")

    found = decimate(noise, factor)

    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_a_constant_stays_what_it_is_up_to_both_ends() -> None:
    np.testing.assert_allclose(decimate(np.full((1, 48_000), 0.5, np.float32), 3), 0.5, atol=1e-6)


def test_silence_is_silence() -> None:
    assert not decimate(np.zeros((2, 48_000), np.float32), 3).any()
