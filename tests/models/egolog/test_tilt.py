from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.egolog.tilt import TILTS, probability_seated, with_posture
from models.labels import ACTIVITIES
from models.lanhar.upright import Upright

if TYPE_CHECKING:
    from schemas.position import Place

AS_LIKELY = np.full(len(ACTIVITIES), 1 / len(ACTIVITIES))
LEVEL, LEANING, UPRIGHT, UPSIDE_DOWN = (1, 0, 0), (1, 0, 2), (0, 0, 1), (0, 0, -1)


def steps(turning: float) -> Upright:
    """Return ten windows of steps with gravity along z, turning by `turning` rad/s."""
    return Upright(count=10.0, z=10.0, turning=10 * turning)


def seated(position: Place | None, up: tuple[int, int, int], upright: Upright) -> float | None:
    gravity = 9.81 * np.array(up) / np.linalg.norm(up)
    return probability_seated(upright, np.tile([*gravity, 0, 0, 0], (250, 1)), position)


def given(seated: float, shares: np.ndarray[tuple[int], np.dtype[np.float64]]) -> dict[str, float]:
    return dict(zip(ACTIVITIES, with_posture(shares, seated).tolist(), strict=True))


def test_a_horizontal_thigh_is_seated_and_an_upright_one_stands() -> None:
    thigh = steps(turning=2.0)
    assert seated("pocket", LEVEL, thigh) == 0.95
    assert seated("pocket", UPRIGHT, thigh) == pytest.approx(0.05)
    assert TILTS["pocket"].probability(0.7) == pytest.approx(0.5)


def test_a_waist_leans_back_a_little_in_a_seat() -> None:
    waist = steps(turning=0.8)
    assert seated("waist", UPRIGHT, waist) == pytest.approx(0.05)
    leaning, level = seated("waist", LEANING, waist), seated("waist", LEVEL, waist)
    assert leaning is not None
    assert 0.8 < leaning < 0.95
    assert level == 0.95


def test_a_phone_that_was_put_back_upside_down_is_as_telling() -> None:
    assert seated("pocket", UPSIDE_DOWN, steps(turning=2.0)) == pytest.approx(0.05)
    assert seated("waist", UPSIDE_DOWN, steps(turning=0.8)) == 0.95


@pytest.mark.parametrize("position", ["wrist", "glasses", "ear", None])
def test_no_other_position_shows_the_posture(position: Place | None) -> None:
    assert seated(position, LEVEL, steps(turning=2.0)) is None


def test_before_steps_no_tilt_is_known() -> None:
    assert seated("pocket", LEVEL, Upright()) is None


def test_a_pocket_that_hardly_turns_in_steps_may_be_a_jackets() -> None:
    jacket = steps(turning=0.8)
    assert seated("pocket", UPRIGHT, jacket) == pytest.approx(1 / 3)
    assert seated("pocket", LEVEL, jacket) == 0.95


@pytest.mark.parametrize(("sits", "first"), [(0.9, "sitting"), (0.1, "standing")])
def test_a_tilt_decides_between_postures_that_look_alike(sits: float, first: str) -> None:
    shares = np.zeros(len(ACTIVITIES))
    shares[[ACTIVITIES.index(name) for name in ("sitting", "standing", "eating")]] = 0.4, 0.3, 0.3
    found = given(sits, shares)
    assert max(found, key=found.__getitem__) == first
    assert sum(found.values()) == pytest.approx(1)
    assert found["eating"] > 0.1


def test_what_is_done_seated_and_on_foot_follows_the_posture_and_motion_does_not() -> None:
    found = given(0.95, AS_LIKELY)
    assert found["sitting"] == found["typing on a keyboard"] > found["eating"] > found["standing"]
    assert found["standing"] == found["washing hands"]
    for sits in (0.05, 0.95):
        found = given(sits, AS_LIKELY)
        assert found["walking"] == found["standing up"] == max(found.values())
