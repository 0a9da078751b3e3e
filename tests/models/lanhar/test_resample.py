from __future__ import annotations

import numpy as np
import pytest

from models.lanhar.resample import to_20_hz


def wave(hz: float, rate: float, seconds: float = 12.0) -> np.ndarray:
    t = np.arange(round(seconds * rate)) / rate
    rows = np.zeros((len(t), 6))
    rows[:, 0] = 9.81 + np.sin(2 * np.pi * hz * t)
    return rows.astype(np.float32)


@pytest.mark.parametrize("rate", [50.0, 100.0, 200.0, 33.3])
def test_what_walking_holds_is_kept(rate: float) -> None:
    even = to_20_hz(wave(2.0, rate), rate)
    want = 9.81 + np.sin(2 * np.pi * 2.0 * np.arange(len(even)) / 20)
    assert len(even) == pytest.approx(240, abs=1)
    assert np.abs(even[20:-20, 0] - want[20:-20]).max() < 0.05


@pytest.mark.parametrize("hz", [13.0, 17.0, 21.0])
def test_what_twenty_hertz_cannot_hold_is_no_alias(hz: float) -> None:
    even = to_20_hz(wave(hz, 50.0), 50.0)
    assert np.std(even[20:-20, 0]) < 0.07


def test_gravity_does_not_fall_off_at_the_ends() -> None:
    still = np.full((300, 6), 9.81, np.float32)
    assert np.abs(to_20_hz(still, 50.0) - 9.81).max() < 1e-3


def test_twenty_hertz_pass_unchanged() -> None:
    rows = wave(3.0, 20.0)
    assert np.array_equal(to_20_hz(rows, 20.0), rows)
