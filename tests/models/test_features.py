"""Rules of `models.features`."""

from typing import Any

import numpy as np
import pytest

from models.features import FeatureError, Features

FEATURES = Features()
ZERO_LAG = 32


def noise(channels: int, n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, (channels, n)).astype(np.float32)


def present(n: int) -> np.ndarray:
    return np.ones(n, dtype=bool)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize(("channels", "planes"), [(1, 1), (2, 3), (4, 10)])
def test_a_second_is_fifty_frames_at_any_rate(rate: int, channels: int, planes: int) -> None:
    out = FEATURES.audio(noise(channels, rate), rate, present(rate))
    assert out["maps"].shape == (planes, 50, 64)
    assert out["mel"].shape == (50, 64)
    assert out["maps"].dtype == out["mel"].dtype == np.float16


def test_a_slice_is_the_same_bits_alone_and_among_others_and_at_any_address() -> None:
    samples = noise(2, 16_000)
    first = FEATURES.audio(samples, 16_000, present(16_000))
    FEATURES.audio(noise(4, 48_000, seed=1), 48_000, present(48_000))
    moved = np.empty(2 * 16_000 + 1, dtype=np.float32)[1:].reshape(2, 16_000)
    moved[...] = samples
    again = Features().audio(moved, 16_000, present(16_000))
    assert all(first[name].tobytes() == again[name].tobytes() for name in first)


@pytest.mark.parametrize("rate", [16_000, 48_000])
@pytest.mark.parametrize("lag", [-9, 0, 5])
def test_gcc_peaks_at_the_lag_of_the_pair_in_samples_at_16_khz(rate: int, lag: int) -> None:
    scale = rate // 16_000
    sound = noise(1, rate + 100 * scale)[0]
    first = sound[50 * scale - lag * scale :][:rate]
    second = sound[50 * scale :][:rate]
    maps = FEATURES.audio(np.stack([first, second]), rate, present(rate))["maps"]
    assert maps[2].astype(np.float32).mean(0).argmax() - ZERO_LAG == 2 * lag


def test_gcc_resolves_half_a_sample() -> None:
    fine = noise(1, 32_200)[0]
    spectrum = np.fft.rfft(fine)
    spectrum[len(spectrum) // 2 :] = 0
    fine = np.fft.irfft(spectrum).astype(np.float32)
    # The second ear hears seven half samples earlier.
    both = np.stack([fine[100 - 7 : 32_093 : 2][:16_000], fine[100:32_100:2]])
    maps = FEATURES.audio(both, 16_000, present(16_000))["maps"]
    assert maps[2].astype(np.float32).mean(0).argmax() - ZERO_LAG == 7


def test_pairs_of_four_channels_come_in_order() -> None:
    samples = noise(4, 16_000)
    samples[3] = np.roll(samples[1], 7)
    maps = FEATURES.audio(samples, 16_000, present(16_000))["maps"].astype(np.float32)
    pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    peaks = {pair: maps[4 + i].mean(0) for i, pair in enumerate(pairs)}
    assert peaks[1, 3].argmax() - ZERO_LAG == -14
    assert peaks[1, 3].max() > 5 * max(peaks[pair].max() for pair in pairs if pair != (1, 3))


def test_a_tone_lies_in_the_band_of_its_frequency() -> None:
    t = np.arange(16_000) / 16_000
    tone = (0.1 * np.sin(2 * np.pi * 1_000 * t)).astype(np.float32)[None]
    low = FEATURES.audio(tone, 16_000, present(16_000))["mel"].astype(np.float32)
    assert np.ptp(low.argmax(axis=1)) == 0
    tone48 = (0.1 * np.sin(2 * np.pi * 1_000 * np.arange(48_000) / 48_000)).astype(np.float32)
    same = FEATURES.audio(tone48[None], 48_000, present(48_000))["mel"].astype(np.float32)
    assert same.mean(0).argmax() == low.mean(0).argmax()
    assert same.max() == pytest.approx(low.max(), abs=0.1)


def test_silence_and_what_never_came_are_zero() -> None:
    out = FEATURES.audio(noise(2, 16_000), 16_000, np.zeros(16_000, dtype=bool))
    assert not out["mel"].any()
    assert not out["maps"].any()


def test_holes_of_five_milliseconds_are_bridged_and_longer_ones_silent() -> None:
    t = np.arange(16_000) / 16_000
    tone = (0.1 * np.sin(2 * np.pi * 50 * t)).astype(np.float32)[None]
    whole = FEATURES.audio(tone, 16_000, present(16_000))["mel"].astype(np.float32)

    def error(length: int) -> float:
        mask = present(16_000)
        mask[8_000 : 8_000 + length] = False
        garbage = np.where(mask, tone, np.float32(0.9))
        holed = FEATURES.audio(garbage, 16_000, mask)["mel"].astype(np.float32)
        return float(np.abs(holed[:, :4] - whole[:, :4]).max())

    assert error(16) < 0.1
    assert error(2_000) > 3.0


def test_mel_is_the_mean_power_of_the_channels() -> None:
    samples = noise(1, 16_000)
    both = np.concatenate([samples, np.zeros_like(samples)])
    alone = FEATURES.audio(samples, 16_000, present(16_000))["mel"].astype(np.float32)
    mean = FEATURES.audio(both, 16_000, present(16_000))["mel"].astype(np.float32)
    np.testing.assert_allclose(alone - mean, np.log(2), atol=0.02)


@pytest.mark.parametrize(
    ("shape", "rate", "mask"),
    [
        ((3, 16_000), 16_000, 16_000),
        ((16_000,), 16_000, 16_000),
        ((2, 16_000), 16_000, 15_999),
        ((2, 16_000), 4_000, 16_000),
        ((2, 16_001), 16_000, 16_001),
        ((2, 0), 16_000, 0),
    ],
)
def test_what_does_not_fit_is_a_feature_error(shape: Any, rate: int, mask: int) -> None:
    with pytest.raises(FeatureError, match="expected"):
        FEATURES.audio(np.zeros(shape, dtype=np.float32), rate, present(mask))


@pytest.mark.parametrize("rate", [20.0, 50.0, 100.0, 200.0])
def test_motion_is_fifty_rows_at_any_rate(rate: float) -> None:
    t = np.arange(int(rate)) / rate
    values = np.repeat(np.sin(2 * np.pi * 2 * t)[:, None], 6, axis=1).astype(np.float32)
    out = FEATURES.imu(values, rate, present(len(t)))["imu"]
    assert out.shape == (50, 6)
    assert out.dtype == np.float32
    # At the ends rows are averaged with themselves, or held.
    inner = slice(3, 47)
    moments = np.arange(50) / 50
    np.testing.assert_allclose(out[inner, 0], np.sin(4 * np.pi * moments)[inner], atol=0.01)


@pytest.mark.parametrize("rate", [10.5, 33.333, 49.9, 52.08, 66.667, 416.0, 799.3])
def test_a_second_of_motion_is_fifty_rows_whatever_rows_of_its_own_lie_in_it(rate: float) -> None:
    for second in range(7):
        first = int(np.ceil(second * rate))
        rows = np.arange(first, int(np.ceil((second + 1) * rate)))
        values = np.repeat((rows / rate)[:, None], 6, axis=1).astype(np.float32)
        out = FEATURES.imu(
            values, rate, present(len(rows)), first_s=first / rate - second, seconds=1
        )["imu"]
        assert out.shape == (50, 6)
        held = np.clip(second + np.arange(50) / 50, rows[0] / rate, rows[-1] / rate)
        # What lies beyond the slice's ends is taken as they are.
        np.testing.assert_allclose(out[1:-1, 0], held[1:-1], atol=1e-5)
        np.testing.assert_allclose(out[[0, -1], 0], held[[0, -1]], atol=0.006)


def test_motion_at_fifty_hertz_is_left_as_it_is() -> None:
    values = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    assert np.array_equal(FEATURES.imu(values, 50.0, present(50))["imu"], values)


def test_holes_of_motion_are_interpolated_and_ends_held() -> None:
    values = np.repeat(np.arange(50, dtype=np.float32)[:, None], 6, axis=1)
    mask = present(50)
    mask[:5] = mask[20:30] = mask[45:] = False
    garbage = np.where(mask[:, None], values, np.float32(1e6))
    out = FEATURES.imu(garbage, 50.0, mask)["imu"]
    np.testing.assert_array_equal(out[5:45], values[5:45])
    assert (out[:5] == 5).all()
    assert (out[45:] == 44).all()


def test_motion_without_a_row_is_a_feature_error() -> None:
    with pytest.raises(FeatureError, match="at least one"):
        FEATURES.imu(np.zeros((50, 6), dtype=np.float32), 50.0, np.zeros(50, dtype=bool))
