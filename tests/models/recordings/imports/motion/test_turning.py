"""A gyroscope's unit is seen where its wearer turns, however slowly."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings.datasets.motion_files import read_recordings
from models.recordings.imports.motion import MotionFile, read_motion
from models.recordings.imports.motion.turning import DEGREE, RADIAN, measured_unit
from tests.models.recordings.imports.motion.wearer import START_S, G, now, table
from tests.shared_data import shared_data

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


ACC = "acc_x_m_s2,acc_y_m_s2,acc_z_m_s2"
NAMES = ("gyro_x{0}", "gyro_y{0}", "gyro_z{0}")


def sway(seconds: float = 60.0, rate: float = 50.0) -> tuple[np.ndarray, np.ndarray]:
    """Times (n,) s and values (n, 6) of someone who stands and sways by a few degrees."""
    times = np.arange(round(seconds * rate)) / rate
    rng = np.random.default_rng(3)
    angle = 0.05 * np.sin(2 * np.pi * 0.3 * times)
    turning = np.gradient(angle, times)
    none = np.zeros(len(times))
    acc = G * np.stack([none, np.sin(angle), np.cos(angle)], axis=1)
    gyro = np.stack([turning, none, none], axis=1)
    values = np.concatenate([acc, gyro], axis=1)
    return times, values + rng.normal(0, [0.02] * 3 + [0.005] * 3, values.shape)


def read(tmp_path: Path, unit: str, factor: float, *, apart: bool, rate: float) -> MotionFile:
    times, values = sway(rate=rate)
    names, turning = ",".join(NAMES).format(unit), values[:, 3:].T / factor
    if not apart:
        path = tmp_path / "m.csv"
        path.write_text(table(f"time_s,{ACC},{names}", [times, *values[:, :3].T, *turning]))
        return read_motion(path, now=now)
    paths = (tmp_path / "accelerometer.csv", tmp_path / "gyroscope.csv")
    paths[0].write_text(table(f"time_s,{ACC}", [times, *values[:, :3].T]))
    paths[1].write_text(table(f"time_s,{names}", [times, *turning]))
    return read_motion(paths[0], paths[1:], now=now)


@pytest.mark.parametrize("rate", [20.0, 50.0, 200.0])
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize(
    ("unit", "factor", "said"),
    [
        ("", RADIAN, "name no unit: read as rad/s, as gravity turns"),
        ("", DEGREE, "name no unit: read as degrees a second, as gravity turns"),
        ("_rad_s", DEGREE, "with degrees a second, not rad_s: read as degrees a second"),
        ("_deg_s", RADIAN, "with rad/s, not deg_s: read as rad/s"),
        ("_rad_s", RADIAN, ""),
        ("_deg_s", DEGREE, ""),
    ],
)
def test_the_unit_is_the_one_in_which_gravity_turns(
    tmp_path: Path, unit: str, factor: float, said: str, *, apart: bool, rate: float
) -> None:
    motion = read(tmp_path, unit, factor, apart=apart, rate=rate)
    (stretch,) = motion.stretches
    np.testing.assert_allclose(stretch.values[:, 3:], sway(rate=rate)[1][:, 3:], atol=1e-4)
    assert [said in warning for warning in motion.warnings] == ([True] if said else [])


def whole_seconds(times: np.ndarray) -> list[str]:
    return [datetime.fromtimestamp(START_S + int(t), UTC).isoformat() for t in times]


def bursts(times: np.ndarray) -> list[str]:
    """Ten rows arrive together, 1 ms after one another."""
    rows = np.arange(len(times))
    return [f"{t:.3f}" for t in times[rows // 10 * 10] + 0.001 * (rows % 10)]


@pytest.mark.parametrize("stamped", [whole_seconds, bursts])
@pytest.mark.parametrize(
    ("unit", "factor"), [("_rad_s", RADIAN), ("_deg_s", DEGREE), ("", RADIAN), ("", DEGREE)]
)
def test_stamps_that_lie_on_one_another_tell_no_other_unit(
    tmp_path: Path, stamped: Callable[[np.ndarray], list[str]], unit: str, factor: float
) -> None:
    times, values = sway()
    path = tmp_path / "m.csv"
    columns = [stamped(times), *values[:, :3].T, *(values[:, 3:].T / factor)]
    path.write_text(table(f"time_s,{ACC},{','.join(NAMES).format(unit)}", columns))
    motion = read_motion(path, now=now)
    fastest = max(float(np.abs(each.values[:, 3:]).max()) for each in motion.stretches)
    assert fastest == pytest.approx(np.abs(values[:, 3:]).max(), rel=0.01)
    assert not any("gravity turns as it does" in warning for warning in motion.warnings)


def test_what_does_not_turn_tells_no_unit() -> None:
    rng = np.random.default_rng(5)
    acc = rng.normal(0, 0.02, (3_000, 3)) + np.array([0.0, 0.0, G])
    gyro = rng.normal(0, 0.01, (3_000, 3)) + np.array([0.02, -0.01, 0.0])
    assert measured_unit(acc, gyro, 0.02) is None
    times, values = sway(8.0)
    assert measured_unit(values[:, :3], values[:, 3:], float(times[1])) is None


def test_acceleration_without_gravity_tells_no_unit() -> None:
    values = sway()[1]
    assert measured_unit(values[:, :3] - [0.0, 0.0, G], values[:, 3:], 0.02) is None


def test_a_wearer_who_turns_late_in_a_long_recording_is_seen() -> None:
    still = np.tile([0.0, 0.0, G, 0.0, 0.0, 0.0], (150_000, 1))
    values = np.concatenate([still, sway()[1]])
    assert measured_unit(values[:, :3], values[:, 3:] / DEGREE, 0.02) == DEGREE


def test_rows_without_gravity_are_left_out() -> None:
    values = sway()[1]
    values[:500, :3] = np.nan
    assert measured_unit(values[:, :3], values[:, 3:], 0.02) == RADIAN
    assert measured_unit(np.full((3_000, 3), np.nan), values[:, 3:], 0.02) is None


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("hapt", 0.55),
        ("classyglass", 0.9),
        ("geotec_phone", 0.55),
        ("geotec_watch", 0.2),
        ("m202a_ear", 0.8),
    ],
)
def test_no_real_recording_tells_the_wrong_unit(name: str, told: float) -> None:
    """Intervals and recordings of 10 s and more; the others are those that hardly turn."""
    motion = read_recordings(shared_data() / "imu" / f"{name}_50hz.npz")
    spans = list(zip(motion.firsts, motion.lasts, strict=True))
    if name == "hapt":
        spans = [
            (motion.firsts[each.recording] + each.start, motion.firsts[each.recording] + each.stop)
            for each in motion.intervals or ()
        ]
    right, count = 0, 0
    for first, last in spans:
        values = motion.signal[first:last].astype(np.float64) / motion.scale
        if last - first < 500:
            continue
        count += 1
        for unit in (RADIAN, DEGREE):
            measured = measured_unit(values[:, :3], values[:, 3:] / unit, 0.02)
            assert measured in (unit, None)
            right += measured == unit
    assert right / (2 * count) >= told
