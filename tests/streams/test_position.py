"""Where a device is worn, by its frames, by its wearer's steps or by its microphones."""

from __future__ import annotations

import numpy as np

from models.lanhar.rotation_invariant import MEASURES
from models.lanhar.step_position import PLACES, StepPosition
from schemas import BodyPosition, Vector, Window
from streams.position import position_after, worn_at

POCKET = StepPosition(np.zeros((len(MEASURES), len(PLACES))), np.array([0.0, 9.0, 0.0, 0.0]))


def walking(**changes: object) -> Window:
    seconds = np.arange(250) / 50
    imu = np.zeros((250, 6))
    imu[:, 2] = 9.81 + 3 * np.sin(2 * np.pi * 1.8 * seconds)
    imu[:, 3] = 0.1
    fields: dict[str, object] = {
        "device_id": "d",
        "window_id": "d/s/har/0",
        "session_id": "s",
        "kind": "har",
        "start_ns": 0,
        "end_ns": 5,
        "coverage": {"imu": 1.0},
        "slices": {},
        "features": {"imu": Vector.of(imu)},
        **changes,
    }
    return Window(**fields)  # type: ignore[arg-type]


def test_what_a_device_says_holds_and_nobody_guesses() -> None:
    worn = walking(position="glasses")
    assert position_after(POCKET, (), worn) == ()
    state = position_after(POCKET, (), walking())
    assert worn_at(worn, state) == BodyPosition(at="glasses", probability=1.0, said=True)


def test_steps_tell_where_a_device_is_that_does_not_say_so() -> None:
    state = position_after(POCKET, (), walking())
    worn = worn_at(walking(), state)
    assert worn is not None
    assert (worn.at, worn.said) == ("pocket", False)


def test_two_microphones_are_on_a_head_where_steps_show_nothing() -> None:
    for channels, at in ((None, None), (1, None), (2, "head"), (4, "head")):
        worn = worn_at(walking(channels=channels), ())
        assert (None if worn is None else worn.at) == at
    assert worn_at(walking(channels=2), (0.0,) * len(PLACES)) == BodyPosition(
        at="head", probability=1.0
    )


def test_steps_and_what_a_device_says_are_worth_more_than_its_microphones() -> None:
    state = position_after(POCKET, (), walking(channels=2))
    by_steps, worn = (worn_at(walking(channels=2, position=p), state) for p in (None, "wrist"))
    assert by_steps is not None
    assert by_steps.at == "pocket"
    assert worn == BodyPosition(at="wrist", probability=1.0, said=True)


def test_what_was_hardly_recorded_tells_nothing() -> None:
    state = position_after(POCKET, (), walking())
    assert position_after(POCKET, state, walking(coverage={"imu": 0.4})) == state
    assert position_after(POCKET, state, walking(features={})) == state
    assert position_after(None, state, walking()) == state
    assert worn_at(walking(), ()) is None
