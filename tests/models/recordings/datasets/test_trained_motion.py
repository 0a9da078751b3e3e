from __future__ import annotations

import numpy as np
import pytest

from models.recordings.datasets import trained_motion
from models.recordings.datasets.motion_files import MotionCuts, MotionRecordings, read_motion
from models.recordings.datasets.trained_motion import recording_starts, unseen_split
from models.recordings.shared_data import IMU
from models.recordings.unseen import trained_on
from models.research.trained_on import MOTION_FILES
from tests.shared_data import shared_data


def cuts(data: np.ndarray, users: list[str]) -> MotionCuts:
    return MotionCuts(data, ["walking"] * len(users), users, ["wrist"] * len(users))


@pytest.fixture
def knows_ann(monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    data = np.random.default_rng(3).normal(size=(2, 120, 6)).round(3)
    starts = [start for _, start in recording_starts(cuts(data, ["ann", "ann"]))]
    known = {"motion": ["ann"], "motion_starts": starts[:1]}
    monkeypatch.setattr(trained_motion, "trained_on", lambda: known)
    return data


def test_a_file_of_a_listed_users_recording_has_the_test_part(knows_ann: np.ndarray) -> None:
    assert unseen_split(cuts(knows_ann, ["ann", "ann"])) == "test"


def test_a_copy_as_scaled_integers_is_the_same_recording(knows_ann: np.ndarray) -> None:
    signal = np.rint(knows_ann[0] * 1000).astype(np.int16)
    copied = MotionRecordings(
        signal,
        np.full(6, 1000, np.float32),
        50.0,
        [0],
        [120],
        ["ann"],
        [0.0],
        ["walking"],
        None,
        None,
        ["wrist"],
    )
    assert unseen_split(copied) == "test"


def test_of_other_recordings_or_other_users_everything_is_unseen(knows_ann: np.ndarray) -> None:
    assert unseen_split(cuts(knows_ann + 1, ["ann", "ann"])) is None
    assert unseen_split(cuts(knows_ann, ["bob", "bob"])) is None


def test_values_that_are_not_finite_have_a_checksum(knows_ann: np.ndarray) -> None:
    strange = np.full((2, 120, 6), np.nan)
    strange[1] = np.inf
    assert unseen_split(cuts(strange, ["ann", "ann"])) is None


@pytest.mark.parametrize("name", MOTION_FILES)
def test_each_data_set_that_was_trained_on_is_listed(name: str) -> None:
    motion = read_motion(shared_data() / IMU / name)
    users, starts = set(trained_on()["motion"]), set(trained_on()["motion_starts"])
    found = {user for user, start in recording_starts(motion) if start in starts}
    assert found == set(motion.users) & users
    assert unseen_split(motion) == "test"


def test_what_only_measures_is_not_listed() -> None:
    assert unseen_split(read_motion(shared_data() / IMU / "m202a_ear_50hz.npz")) is None
