import numpy as np
import pytest

from models.simulation.acoustics.ears import (
    DIRECTIONS,
    HOP,
    TAPS,
    SphericalEars,
    between,
    render_at_ears,
    short,
)
from models.simulation.acoustics.sounds.dsp import FS

WAVE = np.random.default_rng(0).standard_normal(FS).astype(np.float32)
FRAMES = FS // HOP + 1
EARS = [SphericalEars.draw(np.random.default_rng(seed)) for seed in range(5)]


def render(ears: SphericalEars, degrees: float, distance_m: float) -> np.ndarray:
    return render_at_ears(WAVE, np.full(FRAMES, np.deg2rad(degrees)), ears.responses(distance_m))


def lag(wave: np.ndarray) -> int:
    """Samples by which the left ear hears later than the right."""
    size = 2 * wave.shape[1]
    both = np.fft.irfft(np.fft.rfft(wave[0], size) * np.conj(np.fft.rfft(wave[1], size)))
    near = np.concatenate([both[-20:], both[:21]])
    return int(near.argmax()) - 20


def level_db(wave: np.ndarray, low: float, high: float) -> np.ndarray:
    power = np.abs(np.fft.rfft(wave, axis=1)) ** 2
    f = np.fft.rfftfreq(wave.shape[1], 1 / FS)
    return 10 * np.log10(power[:, (f > low) & (f < high)].mean(axis=1))


@pytest.mark.parametrize("ears", EARS)
def test_a_source_on_the_left_reaches_the_left_ear_first_and_louder(ears: SphericalEars) -> None:
    wave = render(ears, 90, 3.0)
    left, right = level_db(wave, 2000, 7500)
    assert -14 <= lag(wave) <= -8  # 0.5 to 0.9 ms around a head
    assert left > right + 8


@pytest.mark.parametrize("ears", EARS)
def test_a_source_ahead_reaches_both_ears_together(ears: SphericalEars) -> None:
    assert abs(lag(render(ears, 0, 3.0))) <= 1


@pytest.mark.parametrize("ears", EARS)
def test_a_source_behind_is_duller_than_one_ahead(ears: SphericalEars) -> None:
    def brightness(degrees: float) -> float:
        wave = render(ears, degrees, 3.0)
        return float((level_db(wave, 4500, 7800) - level_db(wave, 200, 800)).mean())

    assert brightness(0) > brightness(180) + 2


@pytest.mark.parametrize("ears", EARS)
def test_a_near_source_differs_more_between_the_ears_at_low_frequencies(
    ears: SphericalEars,
) -> None:
    def difference(distance_m: float) -> float:
        left, right = level_db(render(ears, 90, distance_m), 150, 600)
        return float(left - right)

    assert difference(0.2) > difference(3.0) + 3


def test_a_turning_head_hears_what_a_still_one_hears_where_it_is_still() -> None:
    still = np.zeros(FRAMES)
    turning = still.copy()
    turning[-3:] = 0.5
    table = EARS[0].responses(3.0)
    before = FS - 5 * HOP
    first, second = render_at_ears(WAVE, still, table), render_at_ears(WAVE, turning, table)
    np.testing.assert_allclose(first[:, :before], second[:, :before], atol=2e-4)
    assert np.abs(first - second).max() > 0.05


def test_a_response_is_never_longer_than_a_frame_leaves_room_for() -> None:
    table = EARS[0].responses(0.3)
    assert table.shape == (DIRECTIONS, 2, 1025)
    assert np.abs(np.fft.irfft(table, axis=-1)[..., TAPS:]).max() < 1e-5
    np.testing.assert_allclose(short(table), table, atol=0.05)


def test_too_few_directions_are_refused() -> None:
    with pytest.raises(ValueError, match="azimuth has 3 values; 16000 samples need 21"):
        render_at_ears(WAVE, np.zeros(3), EARS[0].responses(1.0))


@pytest.mark.parametrize("degrees", [1.0, 2.5, 87.0, 182.5, 359.0])
def test_between_two_directions_lie_their_delay_and_level(degrees: float) -> None:
    ears = EARS[1]
    f = np.fft.rfftfreq(2048, 1 / FS).astype(np.float64)
    exact = np.stack([ears._ear(np.array([np.deg2rad(degrees)]), f, 1.5, ear)[0] for ear in (0, 1)])
    found = between(ears.responses(1.5), np.array([degrees / 5]))[0]
    # Within 3 % of a sample and 1 dB up to 4 kHz.
    band = (f > 500) & (f < 4000)
    phase = np.angle(found * exact.conj())[:, band] / (2 * np.pi * f[band]) * FS
    assert np.abs(np.median(phase, axis=1)).max() < 0.03
    level = 20 * np.log10(np.abs(found[:, band]) / np.abs(exact[:, band]))
    assert np.abs(level).max() < 1.0
