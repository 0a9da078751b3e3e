import numpy as np
import pytest

from models.simulation.acoustics.ears import HOP, render_at_ears
from models.simulation.acoustics.microphone_arrays import GEOMETRY_M, Device, MicrophoneArray
from models.simulation.acoustics.sounds.dsp import FS

WAVE = np.random.default_rng(0).standard_normal(FS).astype(np.float32)


def exact(device: Device) -> MicrophoneArray:
    return MicrophoneArray(GEOMETRY_M[device], np.zeros(4))


def render(device: Device, degrees: float, distance_m: float) -> np.ndarray:
    azimuth = np.full(FS // HOP + 1, np.deg2rad(degrees))
    return render_at_ears(WAVE, azimuth, exact(device).responses(distance_m))


def lag(first: np.ndarray, second: np.ndarray) -> float:
    """Samples by which `first` hears later, to a quarter of one, by its lower frequencies."""
    size = 2 * first.size
    cross = np.fft.rfft(first, size) * np.conj(np.fft.rfft(second, size))
    both = np.fft.irfft(cross / np.abs(cross), 4 * size)
    near = np.concatenate([both[-80:], both[:81]])
    return (int(near.argmax()) - 80) / 4


@pytest.mark.parametrize("device", ["glasses", "headphones"])
@pytest.mark.parametrize("degrees", [0, 90, 180, -60])
def test_lags_are_those_of_the_geometry(device: Device, degrees: float) -> None:
    wave = render(device, degrees, 3.0)
    towards = np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees)), 0])
    path = -GEOMETRY_M[device] @ towards / 343 * FS
    for i, j in ((0, 1), (0, 2), (1, 3)):
        # The head's shadow delays low frequencies a little.
        assert lag(wave[i], wave[j]) == pytest.approx(path[i] - path[j], abs=1.5)


def test_a_near_source_is_louder_at_the_nearer_microphone() -> None:
    near, far = (render("headphones", 90, d).std(axis=1) for d in (0.25, 3.0))
    assert near[0] / near[1] > 1.5 * far[0] / far[1]


def test_fits_differ_by_millimetres() -> None:
    worn = MicrophoneArray.draw("glasses", np.random.default_rng(1))
    apart = np.linalg.norm(worn.points_m - GEOMETRY_M["glasses"], axis=1)
    assert 0 < apart.max() < 0.02
