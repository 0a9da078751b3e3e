from __future__ import annotations

import numpy as np
import pytest

from models.simulation.acoustics.rigid_sphere import distance_variation, sphere_response
from models.simulation.acoustics.rooms import SPEED_OF_SOUND
from models.simulation.acoustics.sounds.dsp import FS
from tests.shared_data import shared_data

RADIUS_M = 0.0875
EAR = np.deg2rad(95)
BINS = 257


def db(response: np.ndarray) -> np.ndarray:
    return 20 * np.log10(np.abs(response))


def test_a_distant_low_sound_is_as_loud_everywhere_on_the_sphere() -> None:
    angles = np.deg2rad(np.arange(0.0, 181, 30))
    assert np.abs(db(sphere_response(np.array([30.0]), angles, 50.0, RADIUS_M))).max() < 0.1


def test_a_distant_high_sound_doubles_where_it_meets_the_sphere() -> None:
    level = db(sphere_response(np.array([8000.0]), np.zeros(1), 50.0, RADIUS_M))
    assert level[0, 0] == pytest.approx(6.0, abs=0.3)


def test_a_near_low_sound_is_louder_at_the_ear_that_faces_it() -> None:
    # Duda and Martens, figure 3: at low frequencies the ratio is that of the dipole's far side.
    facing, averted = db(sphere_response(np.array([50.0]), np.array([0, np.pi]), 0.25, RADIUS_M))
    assert facing[0] - averted[0] == pytest.approx(9.4, abs=0.5)


def test_the_far_side_hears_later_by_the_way_around() -> None:
    f = np.array([900.0, 1100.0])
    response = sphere_response(f, np.array([0, np.pi / 2]), 50.0, RADIUS_M)
    slope = np.diff(np.unwrap(np.angle(response), axis=1), axis=1)[:, 0]
    delay_s = -slope / (2 * np.pi * 200)
    # Woodworth's way is the high-frequency limit; low frequencies lag half as much again at most.
    way = RADIUS_M / SPEED_OF_SOUND
    assert way <= delay_s[1] - delay_s[0] <= 1.5 * way


def test_nothing_changes_at_the_distance_that_was_measured() -> None:
    change = distance_variation(np.linspace(-4, 4, 9), 1.0, 1.0, RADIUS_M, BINS)
    assert np.abs(change - 1).max() < 1e-9


def test_distance_changes_what_a_measured_head_says_it_does() -> None:
    path = shared_data() / "hrtf" / "ku100_16khz.npz"
    with np.load(path) as file:
        power = np.abs(np.fft.rfft(file["hrir"].astype(float), 2 * (BINS - 1))) ** 2
        turn, metres = np.round(file["azimuth_deg"]).astype(int) % 360, file["distance_m"]
    f = np.linspace(0, FS / 2, BINS)
    bands = [(f >= centre / 1.19) & (f < centre * 1.19) for centre in (250, 500, 1000, 2000, 4000)]
    errors = []
    for degrees in range(0, 360, 5):
        near, far = (
            power[np.flatnonzero((turn == degrees) & (np.abs(metres - distance) < 0.01))[0]]
            for distance in (0.5, 3.25)
        )
        for ear, at in enumerate((EAR, -EAR)):
            change = distance_variation(
                np.array([np.deg2rad(degrees) - at]), 0.5, 3.25, RADIUS_M, BINS
            )
            errors.append(
                [
                    10 * np.log10(near[ear, band].mean() / far[ear, band].mean())
                    - 10 * np.log10(np.square(np.abs(change[0, band])).mean())
                    for band in bands
                ]
            )
    apart = np.array(errors) - np.median(errors)  # what the two recordings' gains differ by
    assert np.abs(apart).mean(axis=0).max() < 1.0
    assert np.quantile(np.abs(apart), 0.95) < 2.0
