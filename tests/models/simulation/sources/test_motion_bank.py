from pathlib import Path

import numpy as np
import pytest

from models.labels import ACTIVITIES
from models.recordings.splits import Split
from models.simulation.life.motion import RATE
from models.simulation.life.plan import PlannedActivity
from models.simulation.life.scenarios import DOINGS
from models.simulation.life.wearer import SimulatedWearer
from models.simulation.sources.motion_bank import MotionBank, head_yaw
from tests.models import small_data
from tests.models.recordings import small_sets


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("imu") / "imu"
    small_data.motion(root)
    return root


def span(label: str, seconds: int = 7, vehicle: bool = False) -> PlannedActivity:
    return PlannedActivity(0, seconds, label, DOINGS[label].manner, 3, (0.5, 0.5), 1.0, vehicle)


def wearer() -> SimulatedWearer:
    return SimulatedWearer.draw(np.random.default_rng(0))


@pytest.mark.parametrize(
    ("split", "user"), [("train", 0), ("test", 1), ("validation", 2), (None, None)]
)
def test_nobody_moves_in_two_splits(folder: Path, split: Split | None, user: int | None) -> None:
    found = set(MotionBank.read(folder, split).users["head"])
    assert found == (set(small_data.USERS) if user is None else {small_data.USERS[user]})


def test_segments_that_are_not_finite_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "wisdm19_phone_20hz.npz"
    arrays = small_sets.wisdm(path)
    arrays["data"][0, 7, 2] = np.nan
    np.savez(path, **arrays)
    people = MotionBank.read(tmp_path, None).users["pocket"]
    assert [len(stretches) for stretches in people["1600"].values()] == [1, 1]
    assert all(np.isfinite(rows).all() for rows in people["1600"]["walking"])


def test_what_a_user_lacks_comes_from_others_of_the_same_split_alone(folder: Path) -> None:
    bank = MotionBank.read(folder, "test")
    motion = bank.wearer(np.random.default_rng(0), elsewhere=False)
    assert motion is not None
    # The test user's gravity lies on the second axis.
    for stretches in motion.pooled.values():
        for values in stretches:
            assert np.abs(values[:, :3].mean(axis=0)).argmax() == 1


def test_windows_that_touch_are_one_stretch_and_others_are_not(folder: Path) -> None:
    people = MotionBank.read(folder, "train").users["head"][small_data.USERS[0]]
    assert {len(values) for values in people["walking"]} == {small_data.ROWS}
    assert set(people) == {
        "walking", "sitting", "standing", "standing up", "typing on a keyboard", "running"
    }  # fmt: skip


@pytest.mark.parametrize("activity", ACTIVITIES)
@pytest.mark.parametrize("seconds", [3, 41])
def test_every_activity_moves_for_its_whole_span(folder: Path, activity: str, seconds: int) -> None:
    motion = MotionBank.read(folder, "train").wearer(np.random.default_rng(0), elsewhere=False)
    assert motion is not None
    head_motion = motion(span(activity, seconds), np.random.default_rng(1), wearer())
    assert head_motion.imu.shape == (seconds * RATE, 6)
    assert head_motion.imu.dtype == np.float32
    assert head_motion.yaw.shape == head_motion.body_yaw.shape == (seconds * RATE,)
    for values in (head_motion.imu, head_motion.yaw, head_motion.body_yaw):
        assert np.isfinite(values).all()


@pytest.mark.parametrize("activity", ["clapping", "brushing teeth", "drinking", "sitting down"])
def test_a_gesture_laid_over_a_recording_keeps_the_recordings_gravity(
    folder: Path, activity: str
) -> None:
    motion = MotionBank.read(folder, "test").wearer(np.random.default_rng(0), elsewhere=False)
    assert motion is not None
    head_motion = motion(span(activity, 9), np.random.default_rng(1), wearer())
    mean = head_motion.imu[:, :3].mean(axis=0)
    np.testing.assert_allclose(mean, [0, 9.81, 0], atol=0.15)


def test_a_gesture_shakes_along_the_recordings_own_up(folder: Path) -> None:
    motion = MotionBank.read(folder, "test").wearer(np.random.default_rng(0), elsewhere=False)
    assert motion is not None
    quiet = motion(span("standing", 20), np.random.default_rng(1), wearer()).imu
    shaken = motion(span("clapping", 20), np.random.default_rng(1), wearer()).imu
    assert shaken[:, 1].std() > 2 * quiet[:, 1].std()


def test_a_span_is_a_function_of_its_seed(folder: Path) -> None:
    motion = MotionBank.read(folder, None).wearer(np.random.default_rng(0))
    assert motion is not None
    one, same, other = (
        motion(span("eating"), np.random.default_rng(s), wearer()).imu for s in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_the_head_turns_as_its_gyroscope_says(folder: Path) -> None:
    motion = MotionBank.read(folder, "train").wearer(np.random.default_rng(0), elsewhere=False)
    assert motion is not None
    head_motion = motion(span("walking", 18), np.random.default_rng(1), wearer())
    np.testing.assert_allclose(head_motion.yaw, 0.5 + head_yaw(head_motion.imu))
    # Recorded: ±0.5 rad/s at 0.2 Hz about gravity, which swings by 0.8 rad.
    assert np.ptp(head_motion.yaw) == pytest.approx(0.8, abs=0.15)


def test_a_car_is_simulated_over_a_recorded_posture(folder: Path) -> None:
    motion = MotionBank.read(folder, "train").wearer(np.random.default_rng(0), elsewhere=False)
    assert motion is not None
    driven = motion(span("sitting", 20, vehicle=True), np.random.default_rng(1), wearer()).imu
    seated = motion(span("sitting", 20), np.random.default_rng(1), wearer()).imu
    assert np.diff(driven[:, 0]).std() > np.diff(seated[:, 0]).std()


def test_other_placements_are_read_and_resampled_to_50_hz(tmp_path: Path) -> None:
    small_sets.hapt(tmp_path / "hapt_50hz.npz")
    small_sets.wisdm(tmp_path / "wisdm19_phone_20hz.npz")
    bank = MotionBank.read(tmp_path, None)
    assert set(bank.users) == {"waist", "pocket"}
    assert {len(v) for v in bank.users["pocket"]["1600"]["walking"]} == {300}
    assert [len(v) for v in bank.users["waist"]["u01"]["standing"]] == [150]
    motion = bank.wearer(np.random.default_rng(0))
    assert motion is not None
    assert motion.placement != "head"


def test_the_head_alone_is_worn_unless_elsewhere_is_allowed(folder: Path, tmp_path: Path) -> None:
    for name in ("classyglass_50hz.npz", "classyglass_windows.npz"):
        (tmp_path / name).symlink_to(folder / name)
    small_sets.wisdm(tmp_path / "wisdm19_watch_20hz.npz")
    bank = MotionBank.read(tmp_path, None)
    rng = np.random.default_rng(0)
    for elsewhere, expected in ((False, {"head"}), (True, {"head", "wrist"})):
        worn = [bank.wearer(rng, elsewhere) for _ in range(40)]
        assert {w.placement for w in worn if w is not None} == expected


def test_without_recordings_nobody_is_drawn(tmp_path: Path) -> None:
    assert MotionBank.read(tmp_path, None).wearer(np.random.default_rng(0)) is None


def test_recordings_without_their_windows_are_left_out(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "classyglass_50hz.npz").symlink_to(folder / "classyglass_50hz.npz")
    assert not MotionBank.read(tmp_path, None).users
