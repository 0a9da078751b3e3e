"""The rate comes from all stamps, whatever single steps are; holes are where rows are missing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.recordings.imports.motion.sample_rate import even, rate_and_stretches
from models.recordings.protocol import RecordingError

RNG = np.random.default_rng(3)
RATES = (10.0, 12.5, 25.0, 33.333, 50.0, 52.08, 66.667, 100.0, 208.0, 416.0, 800.0)


def grid(rate: float, seconds: float = 30.0) -> np.ndarray:
    return np.arange(int(rate * seconds)) / rate


@pytest.mark.parametrize("rate", RATES)
def test_regular_stamps_and_stamps_of_a_millisecond(rate: float) -> None:
    times = grid(rate)
    for stamps in (times, np.floor(times * 1000 + 1e-6) / 1000, np.round(times, 3)):
        found, stretches = rate_and_stretches(stamps)
        assert found == pytest.approx(rate, rel=5e-5)
        assert [(s.first, s.last, s.wanders) for s in stretches] == [(0, len(times), False)]


@given(
    rate=st.floats(10.5, 790.0),
    jitter=st.floats(0.0, 0.45),
    seed=st.integers(0, 2**16),
)
@settings(max_examples=60)
def test_any_rate_and_any_jitter_below_half_a_period_is_one_stretch(
    rate: float, jitter: float, seed: int
) -> None:
    times = grid(rate)
    stamps = times + np.random.default_rng(seed).uniform(-jitter, jitter, len(times)) / rate
    found, stretches = rate_and_stretches(np.maximum.accumulate(stamps))
    assert found == pytest.approx(rate, rel=1e-3)
    assert [(s.first, s.last, s.wanders) for s in stretches] == [(0, len(times), False)]
    assert abs(stretches[0].start_s) < 0.5 / rate


@pytest.mark.parametrize("rate", [25.0, 50.0, 100.0, 200.0])
@pytest.mark.parametrize("size", [2, 4, 7])
@pytest.mark.parametrize("inner", [0.0, 0.25, 0.75])
def test_bursts_of_a_radio_are_one_stretch(rate: float, size: int, inner: float) -> None:
    rows = np.arange(int(rate * 30))
    stamps = (rows // size * size + rows % size * inner) / rate
    found, stretches = rate_and_stretches(stamps)
    assert found == pytest.approx(rate, rel=1e-3)
    assert [(s.first, s.last, s.wanders) for s in stretches] == [(0, len(rows), False)]


@pytest.mark.parametrize("seconds", [5.0, 40.0, 300.0])
@pytest.mark.parametrize(
    ("unit", "rates"),
    [
        (1.0, (19.9, 49.73, 50.21, 100.3, 199.1)),
        (0.1, (20.1, 49.73, 50.21, 99.6)),
        (0.01, (99.1, 100.3, 199.1)),
    ],
)
def test_rounded_stamps_are_one_stretch(
    unit: float, rates: tuple[float, ...], seconds: float
) -> None:
    for rate in rates:
        times = 0.37 + grid(rate, seconds)
        for stamps in (np.floor(times / unit + 1e-9) * unit, np.round(times / unit) * unit):
            found, stretches = rate_and_stretches(stamps - stamps[0])
            assert found == pytest.approx(rate, rel=0.01)
            assert [(s.first, s.last, s.wanders) for s in stretches] == [(0, len(times), False)]


@pytest.mark.parametrize("late_s", [0.0, 0.008])
def test_a_pause_between_whole_seconds_is_one_hole(late_s: float) -> None:
    times = grid(49.6, 60.0)
    times[1000:] += 12.3
    stamps = np.floor(times + RNG.uniform(0, late_s, len(times)))
    found, stretches = rate_and_stretches(np.maximum.accumulate(stamps))
    assert found == pytest.approx(49.6, rel=0.01)
    assert [(s.first, s.last) for s in stretches] == [(0, 1000), (1000, len(times))]
    assert abs(stretches[1].start_s - times[1000]) < 1.0


def test_irregularly_lost_rows_of_a_hundredth_of_a_second_are_holes() -> None:
    times = grid(100.0)
    keep = np.ones(len(times), bool)
    keep[[100, 130, 900, 2100]] = False
    found, stretches = rate_and_stretches(times[keep])
    assert (found, len(stretches)) == (100.0, 5)


def test_late_deliveries_are_one_stretch() -> None:
    for rate, late_s in ((50.0, 0.018), (100.0, 0.009), (52.08, 0.015)):
        times = grid(rate, 60.0)
        stamps = np.maximum.accumulate(times + (RNG.random(len(times)) < 0.15) * late_s)
        found, stretches = rate_and_stretches(stamps)
        assert found == pytest.approx(rate, rel=2e-4)
        assert len(stretches) == 1


@pytest.mark.parametrize("rate", [50.0, 100.0, 416.0])
def test_holes_are_found_among_jitter(rate: float) -> None:
    times = grid(rate)
    times[len(times) // 3 :] += 2.0
    times[2 * len(times) // 3 :] += 5 / rate
    stamps = times + RNG.uniform(-0.3, 0.3, len(times)) / rate
    found, stretches = rate_and_stretches(stamps)
    assert found == pytest.approx(rate, rel=1e-3)
    assert [s.first for s in stretches] == [0, len(times) // 3, 2 * len(times) // 3]
    for stretch in stretches:
        assert abs(stretch.start_s - times[stretch.first]) < 0.5 / rate


def test_every_lost_row_is_a_hole_and_the_rest_keeps_its_time() -> None:
    times = grid(50.0)
    keep = np.ones(len(times), bool)
    keep[100::150] = False
    found, stretches = rate_and_stretches(times[keep])
    assert found == 50.0
    assert len(stretches) == 1 + (~keep).sum()
    for stretch in stretches:
        assert stretch.start_s == pytest.approx(times[keep][stretch.first], abs=1e-6)


def test_a_whole_rate_hidden_by_rounding_is_whole_and_a_real_one_is_kept() -> None:
    assert rate_and_stretches(np.round(np.arange(500) / 60, 3))[0] == 60.0
    assert rate_and_stretches(np.arange(100_000) / 49.9)[0] == 49.9


def test_a_rate_that_wanders_is_laid_on_an_even_grid() -> None:
    rows = np.arange(50 * 120)
    steps = (1 + 0.02 * np.sin(2 * np.pi * rows / 3000)) / 50
    times = np.cumsum(steps) - steps[0]
    rate, (stretch,) = rate_and_stretches(times)
    assert stretch.wanders
    values = even(times, times[:, None].repeat(6, axis=1), stretch, rate)
    own = stretch.start_s + np.arange(len(values)) / rate
    assert np.abs(values[50:-50, 0] - own[50:-50]).max() < 0.02


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (np.arange(100) / 5, "rate is 5 Hz; expected 10 to 800"),
        (np.arange(1000) / 1000, "rate is 1000 Hz"),
        (np.zeros(10), "the same time"),
        (np.zeros(1), "holds 1 usable rows"),
    ],
)
def test_what_is_no_motion_is_refused(times: np.ndarray, message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        rate_and_stretches(times)
