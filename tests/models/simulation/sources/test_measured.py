import numpy as np
import pytest

from models.simulation.acoustics.ears import DIRECTIONS, NFFT
from models.simulation.sources.measured import CipicEars

FLAT = CipicEars(np.ones((DIRECTIONS, 2, NFFT // 2 + 1), np.complex64))
LEFT = DIRECTIONS // 4
HZ = np.fft.rfftfreq(NFFT, 1 / 16_000)


def level_db(distance_m: float, hz: float) -> tuple[float, float]:
    bin_ = int(np.argmin(np.abs(HZ - hz)))
    left, right = 20 * np.log10(np.abs(FLAT.responses(distance_m)[LEFT, :, bin_]))
    return float(left), float(right)


def test_ears_are_as_measured_at_the_distance_of_the_measurement() -> None:
    assert np.abs(FLAT.responses(1.0)) == pytest.approx(1.0, abs=0.05)


def test_a_near_source_beside_the_head_is_louder_at_its_ear_at_low_frequencies_too() -> None:
    near, apart = level_db(0.25, 500.0), level_db(3.0, 500.0)
    # Duda and Martens 1998: what a sphere's near field adds to the level difference of the ears.
    assert near[0] - near[1] > 5.0
    assert abs(apart[0] - apart[1]) < 2.5


def test_the_head_shades_its_far_ear_most_at_high_frequencies() -> None:
    slow, fast = level_db(0.25, 300.0), level_db(0.25, 4_000.0)
    assert fast[1] < slow[1] - 1.5
