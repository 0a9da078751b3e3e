"""Where on the body a device is, by its wearer's steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.lanhar.position_weights import PositionWeights
from models.lanhar.rotation_invariant import MEASURES
from models.lanhar.step_position import (
    LEAST_PROBABILITY,
    PLACES,
    StepPosition,
    add_window,
    estimate,
)
from models.serving.lanhar_loading import open_positions
from models.serving.registry import Registry

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHIPPED = open_positions(Registry())


def walking() -> NDArray[np.float32]:
    seconds = np.arange(250) / 50
    imu = np.zeros((250, 6), np.float32)
    imu[:, 2] = 9.81 + 3 * np.sin(2 * np.pi * 1.8 * seconds)
    imu[:, 3] = 0.2 * np.cos(2 * np.pi * 0.9 * seconds)
    return imu


def without_gyroscope(imu: NDArray[np.float32]) -> NDArray[np.float32]:
    return imu * np.array([1, 1, 1, 0, 0, 0], np.float32)


def at(place: str) -> NDArray[np.float64]:
    return np.log([0.94 if one == place else 0.02 for one in PLACES])


def test_nothing_is_said_before_the_first_steps() -> None:
    assert SHIPPED is not None
    still = np.tile([0.0, 9.81, 0.0, 0.0, 0.0, 0.0], (250, 1))
    assert SHIPPED.after((), still) == ()
    assert estimate(()) is None


def test_steps_that_say_the_same_add_up_and_fade() -> None:
    state = add_window((), at("wrist"))
    first = estimate(add_window(state, at("wrist")))
    for _ in range(9):
        state = add_window(state, at("wrist"))
    last = estimate(state)
    assert first is not None
    assert last is not None
    assert (first.at, last.at) == ("wrist", "wrist")
    assert first.probability < last.probability
    assert not last.said
    for _ in range(60):
        state = add_window(state, at("pocket"))
    moved = estimate(state)
    assert moved is not None
    assert moved.at == "pocket"


def test_what_is_likely_enough_for_nobody_is_unknown() -> None:
    state = add_window(add_window((), at("wrist")), at("pocket"))
    undecided = estimate(state)
    assert undecided is not None
    assert undecided.at == "unknown"
    assert undecided.probability < LEAST_PROBABILITY


def test_no_window_of_steps_decides_alone() -> None:
    sure = StepPosition(np.zeros((len(MEASURES), len(PLACES))), np.array([0.0, 99.0, 0.0, 0.0]))
    state = sure.after((), walking())
    one = estimate(state)
    assert one is not None
    assert one.at == "pocket"
    assert one.probability < 0.9


def test_steps_without_a_gyroscope_say_nothing_of_a_position() -> None:
    assert SHIPPED is not None
    state = SHIPPED.after((), walking())
    assert state
    assert SHIPPED.after(state, without_gyroscope(walking())) == state
    assert SHIPPED.after((), without_gyroscope(walking())) == ()


def test_weights_and_their_arrays_say_the_same() -> None:
    module = PositionWeights()
    rng = np.random.default_rng(0)
    module.weights.copy_(module.weights.new_tensor(rng.normal(size=module.weights.shape)))
    measured = rng.normal(size=(3, len(MEASURES))).astype(np.float32)
    arrays = {"weights": module.weights.numpy(), "bias": module.bias.numpy()}
    assert np.array_equal(
        StepPosition.of(arrays).log_shares(measured),
        StepPosition.of(module.state_dict()).log_shares(measured),
    )
