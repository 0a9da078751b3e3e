"""Where a device slept is told by its own clock and that of arrival together."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings.imports.importing import open_import
from models.recordings.imports.motion.reader import read_motion
from models.recordings.imports.motion.two_clocks import sleeps
from models.recordings.imports.motion.unit_names import G
from tests.shared_data import shared_data

if TYPE_CHECKING:
    from pathlib import Path

HHAR_HEADER = "Index,Arrival_Time,Creation_Time,x,y,z,User,Model,Device,gt"


def batches(made: np.ndarray, size: int) -> np.ndarray:
    """Arrival: rows come when the last of their batch was taken."""
    ends = np.minimum(np.arange(len(made)) // size * size + size - 1, len(made) - 1)
    return made[ends]


def test_a_silence_longer_than_a_batch_is_a_sleep_of_the_sensors_clock() -> None:
    made = np.arange(2000) / 100
    came = batches(made, 300)
    came[600:] += 37.0
    found = sleeps(made, came)
    assert found is not None
    assert found.made_s.tolist() == [made[599]]
    times = found.add(made)
    assert times[599] == made[599]
    assert abs(times[600] - made[600] - 40.0) < 1.0
    np.testing.assert_allclose(np.diff(times)[600:], 0.01, atol=1e-9)


def test_batches_alone_are_no_sleep() -> None:
    made = np.arange(2000) / 100
    found = sleeps(made, batches(made, 300))
    assert found is not None
    assert len(found.made_s) == 0


def test_rows_that_come_late_are_no_silence() -> None:
    made = np.arange(2000) / 100
    came = made.copy()
    came[500] += 8.0
    found = sleeps(made, came)
    assert found is not None
    assert len(found.made_s) == 0


def test_a_clock_in_another_unit_or_one_that_outruns_the_arrival_is_none() -> None:
    came = np.arange(2000) / 100
    assert sleeps(came / 1e6, came) is None
    assert sleeps(came * 2, came) is None
    assert sleeps(came[:1], came[:1]) is None


def hhar(path: Path, made_s: np.ndarray, came_s: np.ndarray, xyz: np.ndarray) -> Path:
    came_s = np.maximum.accumulate(came_s + np.arange(len(came_s)) % 200 * 1e-3)  # 1 ms apart
    rows = [
        f"{i},{round(1_424_696_638_740 + came * 1e3)},{round(27_920_678_471_000 + made * 1e9)},"
        f"{x:.6f},{y:.6f},{z:.6f},a,gear,gear_1,sit"
        for i, (made, came, (x, y, z)) in enumerate(zip(made_s, came_s, xyz, strict=True))
    ]
    path.write_text("\n".join([HHAR_HEADER, *rows]) + "\n", encoding="utf-8")
    return path


def test_both_sensors_of_a_device_lie_by_its_own_clock_with_one_set_of_sleeps(
    tmp_path: Path,
) -> None:
    made = np.arange(4000) / 100
    wave = np.sin(2 * np.pi * 0.7 * made)
    came = batches(made, 300)
    came[2100:] += 60.0
    acc = np.stack([wave, 0 * wave, G + 0 * wave], axis=1)
    turning = np.stack([wave, 0 * wave, 0 * wave], axis=1)
    # The gyroscope's last batch before the sleep came after it, which the other's did not.
    late = batches(made, 200)
    late[2000:] += 60.0
    motion = read_motion(
        hhar(tmp_path / "Watch_accelerometer.csv", made, came, acc),
        [hhar(tmp_path / "Watch_gyroscope.csv", made, late, turning)],
    )
    before, after = motion.stretches
    assert (len(before.values), len(after.values)) == (2100, 1900)
    assert abs(after.offset_ns / 1e9 - 21.0 - 60.0) < 3.1
    for part in motion.stretches:
        np.testing.assert_allclose(part.values[:, 0], part.values[:, 3], atol=1e-3)
    assert "the device slept once, 63 s in all" in str(motion.warnings)


def test_the_watch_excerpt_of_hhar_keeps_six_stretches_that_an_activity_lasts(
    tmp_path: Path,
) -> None:
    data = shared_data()
    if data is None or not (data / "formats" / "hhar").is_dir():
        pytest.skip("the shared data's formats/hhar is not there")
    for sensor in ("accelerometer", "gyroscope"):
        text = gzip.decompress((data / f"formats/hhar/Watch_{sensor}.csv.gz").read_bytes())
        (tmp_path / f"Watch_{sensor}.csv").write_text(f"{HHAR_HEADER}\n{text.decode()}")
    (recording,) = open_import(tmp_path).recordings
    assert recording.motion_s == pytest.approx(99.2, abs=0.1)
    short = "34 of 40 stretches of motion between holes, 52 s, are shorter than the 5 s"
    assert short in str(recording.warnings)
    assert "the device slept 20 times, 413 s in all" in str(recording.warnings)
