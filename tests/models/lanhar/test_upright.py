from __future__ import annotations

import numpy as np
import pytest

from models.lanhar.analysis import analyse_all
from models.lanhar.upright import LEAST_WINDOWS, uprights
from models.lanhar.windows import Windows, of_arrays
from tests.models.lanhar.motions import rest, steps, turned


def windows(motions: list[np.ndarray], users: list[str]) -> Windows:
    count = len(motions)
    return of_arrays("w", np.stack(motions), ["x"] * count, users, ["p"] * count, ["d"] * count)


def test_steps_show_where_down_is_for_all_of_a_wearers_windows() -> None:
    motions = [*(steps(seed=s) for s in range(LEAST_WINDOWS)), turned(rest())]
    given = windows(motions, ["u"] * len(motions))
    found = uprights(given, analyse_all(given.data))
    assert found == pytest.approx(np.tile([0, 0, 1], (len(motions), 1)), abs=0.02)
    angle = analyse_all(given.data, found)[-1].upright_angle
    assert angle is not None
    assert angle > 20


def test_another_wearers_steps_tell_nothing() -> None:
    motions = [*(steps(seed=s) for s in range(LEAST_WINDOWS)), rest()]
    given = windows(motions, ["u"] * LEAST_WINDOWS + ["v"])
    found = uprights(given, analyse_all(given.data))
    assert np.isnan(found[-1]).all()
    assert np.isfinite(found[:-1]).all()


def test_a_device_that_turns_between_walks_has_no_upright() -> None:
    motions = [turned(steps(seed=s), seed=s) for s in range(2 * LEAST_WINDOWS)]
    given = windows(motions, ["u"] * len(motions))
    assert np.isnan(uprights(given, analyse_all(given.data))).all()


def test_few_steps_are_not_enough() -> None:
    motions = [steps(seed=s) for s in range(LEAST_WINDOWS - 1)]
    given = windows(motions, ["u"] * len(motions))
    assert np.isnan(uprights(given, analyse_all(given.data))).all()
