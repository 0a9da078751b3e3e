from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from models.research.lanhar.interpretation.analysis import NAMES, Analysis, analyse_all, vectors
from models.research.lanhar.interpretation.windows import WindowsError
from tests.models.research.lanhar.interpretation.mechanics import (
    RATE,
    SAMPLES,
    T,
    analyse,
    rest,
    rise,
    steps,
    turned,
)


def test_rest_has_no_amplitude_and_stays_still() -> None:
    found = analyse(rest())
    assert found.vertical < 0.05
    assert found.still_share == 1
    assert found.bursts == 0
    assert found.tilt_change < 1


@pytest.mark.parametrize("hz", [1.3, 1.6, 1.8, 2.1, 2.6, 3.1])
def test_the_step_rate_is_found(hz: float) -> None:
    found = analyse(steps(hz, vertical=2.0 * (hz / 1.8) ** 2))
    assert found.step_hz == pytest.approx(hz, rel=0.04)
    assert found.step_regularity > 0.65


def test_amplitudes_are_those_along_and_across_gravity() -> None:
    found = analyse(steps(vertical=3.0, horizontal=1.5))
    assert found.vertical == pytest.approx(3.0, rel=0.1)
    assert found.horizontal == pytest.approx(1.5, rel=0.25)
    assert found.vertical_balance == pytest.approx(np.log(2), abs=0.25)


@pytest.mark.parametrize("seed", range(4))
def test_how_the_sensor_is_mounted_changes_nothing(seed: int) -> None:
    window = steps(landing=0.8, seed=seed)
    one, other = analyse(window).vector(), analyse(turned(window, seed)).vector()
    assert other == pytest.approx(one, rel=0.02, abs=0.01)


def test_a_bias_of_the_gyroscope_is_no_rotation() -> None:
    window = steps()
    biased = window + np.array([0, 0, 0, 0.05, -0.03, 0.02], np.float32)
    assert analyse(biased).vector() == pytest.approx(analyse(window).vector(), rel=0.01, abs=0.01)


def test_gravity_is_tracked_while_the_sensor_swings() -> None:
    # A thigh swings by 25 degrees at half the step rate without any acceleration of its own.
    angle = np.radians(25) * np.sin(2 * np.pi * 0.9 * T)
    window = rest()
    window[:, 0] += 9.81 * np.sin(angle)
    window[:, 2] += 9.81 * (np.cos(angle) - 1)
    window[:, 4] -= np.gradient(angle, 1 / RATE)
    found = analyse(window)
    assert found.horizontal < 0.6  # against 2.9 that a fixed direction of gravity would give
    assert found.tilting > 1.0


def test_sharp_steps_have_more_above_four_hertz() -> None:
    soft, sharp = analyse(steps(sharp=0.1)), analyse(steps(sharp=0.8))
    assert soft.sharpness < 0.05
    assert sharp.sharpness > 0.3
    assert sharp.centroid_hz > soft.centroid_hz


def test_landings_and_push_offs_skew_the_jerk_in_opposite_ways() -> None:
    landing, push = analyse(steps(sharp=0, landing=1.0)), analyse(steps(sharp=0, landing=-1.0))
    assert landing.jerk_skew * push.jerk_skew < 0
    assert abs(landing.jerk_skew) > 0.1


def test_travel_follows_from_amplitude_and_rate() -> None:
    # 2·A/ω² with A = √2 · 2 m/s² and ω = 2π · 2/s.
    found = analyse(steps(hz=2.0, vertical=2.0, sharp=0))
    assert found.vertical_travel == pytest.approx(200 * 2**0.5 * 2 / (4 * np.pi) ** 2, rel=0.1)


def test_two_steps_are_not_taken_for_one() -> None:
    # Left and right differ, so the signal is most alike after two steps: 31 cm would be a leap.
    window = rest()
    phase = 2 * np.pi * 2.6 * T
    window[:, 2] += 8.0 * np.sqrt(2) * (np.sin(phase) + 0.6 * np.sin(phase / 2))
    assert analyse(window).step_hz == pytest.approx(2.6, rel=0.05)


def test_a_swing_that_repeats_is_seen_where_vertical_motion_does_not_show_it() -> None:
    window = rest(noise=0.5)
    window[:, 0] += 4 * np.sin(2 * np.pi * 0.9 * T)
    found = analyse(window)
    assert found.repetition > 0.8
    assert found.step_regularity < 0.4


def test_a_change_of_posture_is_measured_in_degrees() -> None:
    assert analyse(rise(90)).tilt_change == pytest.approx(90, abs=13)
    assert analyse(rise(30)).tilt_change == pytest.approx(30, abs=5)


def test_the_course_tells_setting_in_from_coming_to_rest() -> None:
    window = rest()
    window[80:] = steps()[80:]
    assert analyse(window).trend > 1
    assert analyse(window[::-1].copy()).trend < -1
    assert 0.5 < analyse(window).still_share < 0.8


def test_turning_is_about_gravity_and_tilting_against_it() -> None:
    turning, tilting = rest(), rest()
    turning[:, 5] += np.sin(2 * np.pi * T)
    tilting[:, 3] += np.sin(2 * np.pi * T)
    assert analyse(turning).turning_balance > 1
    assert analyse(tilting).turning_balance < -1
    assert analyse(tilting).single_axis > 0.95


def test_the_upright_angle_is_known_only_where_upright_is() -> None:
    lying = np.array([1, 0, 0], np.float32)
    assert analyse(rest()).upright_angle is None
    assert analyse(rest(), upright=lying).upright_angle == pytest.approx(90, abs=1)
    data = np.stack([rest(), rest()])
    unknown = np.array([[np.nan] * 3, [0, 0, 1]], np.float32)
    assert [a.upright_angle for a in analyse_all(data, unknown)] == [None, pytest.approx(0, abs=1)]


def test_statistics_are_of_the_sensors_axes() -> None:
    window = steps()
    found = analyse(window).statistics
    assert found.shape == (6, 4)
    assert found[2] == pytest.approx(
        [window[:, 2].mean(), window[:, 2].std(), window[:, 2].min(), window[:, 2].max()], rel=1e-5
    )


def test_windows_do_not_depend_on_each_other() -> None:
    data = np.stack([rest(), steps(), rise(), steps(hz=2.6)])
    together = vectors(data)
    alone = np.stack([analyse(window).vector() for window in data])
    assert together == pytest.approx(alone, rel=1e-5, abs=1e-6)
    assert analyse_all(data, at_once=3)[3].step_hz == analyse(data[3]).step_hz


def test_measures_are_finite_even_for_a_dead_sensor() -> None:
    data = np.stack([np.zeros((SAMPLES, 6)), np.full((SAMPLES, 6), 9.81)]).astype(np.float32)
    assert np.isfinite(vectors(data)).all()
    assert vectors(data[:0]).shape == (0, len(NAMES))


def test_the_vector_holds_every_measure_once() -> None:
    names = {field.name for field in fields(Analysis)}
    assert set(NAMES) == names - {"upright_angle", "statistics"}
    assert len(analyse(rest()).vector()) == len(NAMES)


@pytest.mark.parametrize("shape", [(119, 6), (120, 5), (1, 120, 6)])
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(WindowsError, match=r"expected \(N, 120, 6\)"):
        analyse(np.zeros(shape, np.float32))


def test_what_is_not_finite_is_refused() -> None:
    window = rest()
    window[3, 1] = np.nan
    with pytest.raises(WindowsError, match="not finite"):
        analyse(window)
    with pytest.raises(WindowsError, match=r"expected \(1, 3\)"):
        analyse_all(rest()[None], np.zeros((2, 3), np.float32))
