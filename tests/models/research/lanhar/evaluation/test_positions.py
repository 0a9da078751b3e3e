"""How what is said of a device's place is measured, on windows that nobody walked."""

from __future__ import annotations

import numpy as np
import pytest

from models.lanhar.rotation_invariant import MEASURES
from models.lanhar.step_position import StepPosition
from models.recordings.datasets.trained_motion import PLACE_OF
from models.research.lanhar.evaluation.positions import figures
from models.research.lanhar.training.position import Walked, trained


def part(axis: int, windows: int = 40) -> Walked:
    rng = np.random.default_rng(axis)
    measured = rng.normal(size=(windows, len(MEASURES))).astype(np.float32)
    measured[:, axis] += 9
    return Walked(measured, np.ones(windows, bool), ["a"] * windows)


def test_what_was_learned_is_found_and_what_comes_before_steps_is_not_counted_as_known() -> None:
    places = {"head": 0, "pocket": 1, "wrist": 2, "waist": 3}
    learned = {name: part(places[place]) for name, place in PLACE_OF.items()}
    classifier = StepPosition.of(trained(learned).state_dict())
    walked = part(2, 10)
    steps = np.array([False] * 10 + [True] * 10)

    found = figures(classifier, Walked(walked.measured, steps, ["b"] * 20), "wrist")

    assert (found["windows"], found["steps"], found["wearers"]) == (20, 10, 1)
    assert found["found"] == 0.5
    assert found["known"] == pytest.approx(0.5, abs=0.06)
    assert found["right"] == 1.0


def test_where_nobody_walks_nothing_is_known() -> None:
    still = Walked(np.zeros((0, len(MEASURES)), np.float32), np.zeros(3, bool), ["b"] * 3)
    learned = {name: part(at) for at, name in enumerate(PLACE_OF)}
    classifier = StepPosition.of(trained(learned).state_dict())
    found = figures(classifier, still, "head")
    assert (found["known"], found["right"]) == (0.0, None)
