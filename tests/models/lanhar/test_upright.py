import numpy as np
import pytest
from numpy.typing import NDArray

from models.lanhar.upright import Upright, gravity, has_steps

Rows = NDArray[np.float64]


def window(up: tuple[float, float, float], step_hz: float = 0.0, turning: float = 0.0) -> Rows:
    """Return five seconds at 50 Hz of a wearer whose gravity lies along `up`; turns in rad/s."""
    at_s = np.arange(250) / 50
    axis = np.array(up) / np.linalg.norm(up)
    rows = np.zeros((250, 6))
    rows[:, :3] = axis * (9.81 + 2.5 * np.sin(2 * np.pi * step_hz * at_s)[:, None])
    rows[:, 3] = turning
    rows[:, :3] += np.random.default_rng(0).normal(0, 0.1, (250, 3))
    return rows


def upright_after(*windows: Rows) -> Upright:
    upright = Upright()
    for rows in windows:
        upright = upright.after(rows)
    return upright


def test_steps_are_motion_along_gravity_that_repeats() -> None:
    assert has_steps(window((0, 0, 1), step_hz=1.8))
    assert not has_steps(window((0, 0, 1)))
    assert not has_steps(window((0, 0, 1), step_hz=0.2))
    assert not has_steps(np.zeros((250, 6)))


def test_upright_is_unknown_until_the_wearer_has_walked_a_while() -> None:
    step, rest = window((1, 0, 1), step_hz=1.8), window((1, 0, 0))
    assert upright_after(*[step] * 4).cosine(rest) is None
    assert upright_after(*[step] * 5).cosine(rest) == pytest.approx(np.sqrt(0.5), abs=0.01)
    assert upright_after(*[step] * 5).cosine(step) == pytest.approx(1, abs=0.01)


def test_resting_teaches_nothing_of_upright() -> None:
    step, rest = window((0, 0, 1), step_hz=1.8), window((1, 0, 0))
    upright = upright_after(*[step] * 5)
    assert upright_after(*[step] * 5, rest, rest) == upright


def test_a_device_that_turns_in_its_pocket_has_no_upright() -> None:
    turned = [window((0, 0, side), step_hz=1.8) for side in (1, -1) * 4]
    assert upright_after(*turned).cosine(turned[0]) is None


def test_a_device_that_is_put_on_anew_is_learned_anew() -> None:
    first, second = window((0, 0, 1), step_hz=1.8), window((0, 1, 0), step_hz=1.8)
    assert upright_after(*[first] * 20, *[second] * 4).cosine(second) is None
    upright = upright_after(*[first] * 20, *[second] * 5)
    assert upright == upright_after(*[second] * 5)
    assert upright.cosine(second) == pytest.approx(1, abs=0.01)


def test_a_device_that_shifts_a_little_is_not_learned_anew() -> None:
    first, second = window((0, 0, 1), step_hz=1.8), window((0, 1, 2), step_hz=1.8)
    assert upright_after(*[first] * 20, second).count > 15


def test_the_state_is_a_few_numbers_that_make_it_again() -> None:
    upright = upright_after(*[window((1, 2, 3), step_hz=1.8)] * 7)
    assert Upright.of(upright.values()) == upright
    assert Upright.of(()) == Upright()
    assert Upright.of(upright.values()[:-1]) == Upright()


def test_a_head_or_a_trunk_tells_that_its_wearer_lies() -> None:
    upright = upright_after(*[window((0, 0, 1), step_hz=1.8, turning=0.9)] * 6)
    assert upright.lies(window((1, 0, 0.1)))
    assert not upright.lies(window((1, 0, 1)))
    assert not upright.lies(window((0, 0, 1)))
    assert not Upright().lies(window((1, 0, 0.1)))


def test_a_thigh_that_lies_may_be_seated() -> None:
    pocket = upright_after(*[window((0, 0, 1), step_hz=1.8, turning=2.4)] * 6)
    seated = window((1, 0, 0.1))
    cosine = pocket.cosine(seated)
    assert cosine is not None
    assert cosine < 0.2
    assert not pocket.lies(seated)


def test_a_device_that_is_said_to_be_on_a_limb_never_tells_that_its_wearer_lies() -> None:
    calm = upright_after(*[window((0, 0, 1), step_hz=1.8, turning=0.9)] * 6)
    level = window((1, 0, 0.1))
    assert not calm.lies(level, "pocket")
    assert not calm.lies(level, "wrist")
    assert calm.lies(level, "waist")
    assert calm.lies(level, "unknown")


def test_without_a_gyroscope_a_device_may_be_on_a_limb_unless_its_position_is_known() -> None:
    blind = upright_after(*[window((0, 0, 1), step_hz=1.8)] * 6)
    level = window((1, 0, 0.1))
    assert not blind.lies(level)
    assert not blind.lies(level, "unknown")
    assert blind.lies(level, "waist")


def test_a_hole_of_zeros_has_no_gravity() -> None:
    assert gravity(np.zeros((250, 6))) is None
    assert upright_after(*[window((0, 0, 1), step_hz=1.8)] * 5).cosine(np.zeros((250, 6))) is None
