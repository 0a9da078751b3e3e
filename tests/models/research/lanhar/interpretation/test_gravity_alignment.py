from __future__ import annotations

import numpy as np
import pytest

from models.research.lanhar.interpretation.analysis import analyse_all
from models.research.lanhar.interpretation.gravity_alignment import (
    MIN_WINDOWS,
    axes,
    gravity,
    uprights,
    wearers,
)
from models.research.lanhar.interpretation.windows import Windows, of_arrays
from tests.models.research.lanhar.interpretation.mechanics import rest, steps, turned


def windows(motions: list[np.ndarray], users: list[str]) -> Windows:
    count = len(motions)
    return of_arrays("w", np.stack(motions), ["x"] * count, users, ["p"] * count, ["d"] * count)


def test_steps_show_where_down_is_for_all_of_a_wearers_windows() -> None:
    motions = [*(steps(seed=s) for s in range(MIN_WINDOWS)), turned(rest())]
    given = windows(motions, ["u"] * len(motions))
    found = uprights(given, analyse_all(given.data))
    assert found == pytest.approx(np.tile([0, 0, 1], (len(motions), 1)), abs=0.02)
    angle = analyse_all(given.data, found)[-1].upright_angle
    assert angle is not None
    assert angle > 20


def test_another_wearers_steps_tell_nothing() -> None:
    motions = [*(steps(seed=s) for s in range(MIN_WINDOWS)), rest()]
    given = windows(motions, ["u"] * MIN_WINDOWS + ["v"])
    found = uprights(given, analyse_all(given.data))
    assert np.isnan(found[-1]).all()
    assert np.isfinite(found[:-1]).all()


def test_a_device_that_turns_between_walks_has_no_upright() -> None:
    motions = [turned(steps(seed=s), seed=s) for s in range(2 * MIN_WINDOWS)]
    given = windows(motions, ["u"] * len(motions))
    assert np.isnan(uprights(given, analyse_all(given.data))).all()


def test_few_steps_are_not_enough() -> None:
    motions = [steps(seed=s) for s in range(MIN_WINDOWS - 1)]
    given = windows(motions, ["u"] * len(motions))
    assert np.isnan(uprights(given, analyse_all(given.data))).all()


def upside_down(window: np.ndarray) -> np.ndarray:
    return window * np.array([1, -1, -1, 1, -1, -1], np.float32)


def test_a_phone_put_back_upside_down_lies_along_the_same_line() -> None:
    motions = [steps(seed=s) for s in range(MIN_WINDOWS)]
    motions += [upside_down(steps(seed=s)) for s in range(MIN_WINDOWS)]
    given = windows(motions, ["u"] * len(motions))
    analyses = analyse_all(given.data)
    assert np.isnan(uprights(given, analyses)).all()
    found = np.abs(axes(given, analyses))
    assert found == pytest.approx(np.tile([0, 0, 1], (len(motions), 1)), abs=0.02)


def test_a_few_steps_of_another_hold_do_not_turn_the_line() -> None:
    motions = [steps(seed=s) for s in range(4 * MIN_WINDOWS)]
    motions += [steps(seed=s)[:, [2, 0, 1, 5, 3, 4]] for s in range(MIN_WINDOWS)]
    given = windows(motions, ["u"] * len(motions))
    found = np.abs(axes(given, analyse_all(given.data)))
    assert found == pytest.approx(np.tile([0, 0, 1], (len(motions), 1)), abs=0.02)


def test_steps_in_all_directions_have_no_line() -> None:
    motions = [turned(steps(seed=s), seed=s) for s in range(4 * MIN_WINDOWS)]
    given = windows(motions, ["u"] * len(motions))
    assert np.isnan(axes(given, analyse_all(given.data))).all()


def test_a_wearer_with_two_devices_counts_as_two() -> None:
    same = ["x"] * 4
    given = of_arrays("w", np.stack([rest()] * 4), same, ["u", "v", "u", "u"], same, [*"aaba"])
    assert wearers(given).tolist() == [0, 2, 1, 0]


def test_gravity_has_unit_length_whatever_the_scale() -> None:
    given = windows([rest(), (1.05 * turned(rest())).astype(np.float32)], ["u"] * 2)
    assert np.linalg.norm(gravity(given), axis=1) == pytest.approx([1, 1], abs=1e-5)
