from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import fft

from models.recordings.shared_data import CIPIC, HRTF
from models.simulation.acoustics.ears import DIRECTIONS, NFFT, Responses
from models.simulation.acoustics.head_levels import (
    CROSSOVER_HZ,
    with_difference,
    with_sphere_below,
)
from models.simulation.acoustics.rigid_sphere import sphere_response
from models.simulation.acoustics.sounds.dsp import FS
from models.simulation.sources.dummy_head import read_dummy_head
from models.simulation.sources.measured import (
    EAR_AZIMUTH,
    HEAD_RADIUS_M,
    read_cipic,
)
from tests.shared_data import shared_data

if TYPE_CHECKING:
    from numpy.typing import NDArray

F = np.linspace(0, FS / 2, NFFT // 2 + 1)
LATE = 20  # samples
LEFT = DIRECTIONS // 4


def headless() -> Responses:
    """A ring without a head: the same short click at both ears, all around."""
    click = np.exp(-2j * np.pi * F * LATE / FS).astype(np.complex64)
    return np.broadcast_to(click, (DIRECTIONS, 2, F.size)).copy()


def difference_db(ring: Responses, low_hz: float, high_hz: float) -> NDArray[np.float64]:
    band = (low_hz <= F) & (high_hz > F)
    power = np.square(np.abs(ring[..., band])).sum(axis=-1)
    return 10 * np.log10(power[:, 0] / power[:, 1])


def test_levels_between_the_ears_are_a_spheres_below_the_crossover_and_as_measured_above() -> None:
    ring = headless()
    mended = with_sphere_below(ring, 0.5, HEAD_RADIUS_M, EAR_AZIMUTH)
    f = np.array([100.0, 200.0])
    near, averted = (
        20 * np.log10(np.abs(sphere_response(f, np.array([angle]), 0.5, HEAD_RADIUS_M)))[0]
        for angle in (np.pi / 2 - EAR_AZIMUTH, np.pi / 2 + EAR_AZIMUTH)
    )
    at = np.round(f / FS * NFFT).astype(int)
    level = 20 * np.log10(np.abs(mended[LEFT][:, at]))
    assert level[0] - level[1] == pytest.approx(near - averted, abs=0.3)
    assert np.abs(difference_db(mended, CROSSOVER_HZ[1] * 1.2, FS / 2)).max() < 0.1
    assert difference_db(mended, 60, 250)[0] == pytest.approx(0, abs=0.05)


def test_a_mended_ring_is_as_loud_as_before_and_answers_no_earlier() -> None:
    mended = with_sphere_below(headless(), 0.5, HEAD_RADIUS_M, EAR_AZIMUTH)
    assert np.log(np.abs(mended)).mean() == pytest.approx(0, abs=0.01)
    impulse = fft.irfft(mended, NFFT, axis=-1)
    assert np.abs(impulse[..., : LATE - 1]).max() < 0.01 * np.abs(impulse).max()


def test_a_difference_goes_with_the_azimuth_and_spares_long_waves() -> None:
    changed = with_difference(headless(), 2.0)
    assert difference_db(changed, 900, 1100)[[0, LEFT, -LEFT]] == pytest.approx([0, 1.9, -1.9], 0.1)
    assert difference_db(changed, 20, 60)[LEFT] < 0.2


def test_ears_differ_as_a_measured_head_does_where_cipic_measured_nothing() -> None:
    dummy = read_dummy_head(shared_data() / HRTF / "ku100_16khz.npz")
    subjects = read_cipic(shared_data() / CIPIC, "validation")[:3]
    for metres in dummy.distances_m:
        measured = difference_db(dummy.responses(metres), 160, 350)
        rings = [ears.responses(metres) for ears in subjects]
        ours = np.mean([difference_db(ring, 160, 350) for ring in rings], axis=0)
        assert np.abs(ours - measured).max() < 2.0
        assert np.abs(ours - measured)[LEFT] < 1.0
