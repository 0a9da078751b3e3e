"""Real motion (HAPT) keeps its windows and activities whatever its rate and its stamps."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from models.recordings.datasets import hapt
from models.recordings.formats.arrays import ImuArray
from models.recordings.imports.importing import open_import
from models.recordings.protocol import EPOCH_START_NS
from tests.cases.outcome import judge_log
from tests.cases.worker import LocalWorker, Log
from tests.shared_data import shared_data

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SECONDS = 300
SAME = 0.95
HEADER = "time_s,acc_x_m_s2,acc_y_m_s2,acc_z_m_s2,gyro_x_rad_s,gyro_y_rad_s,gyro_z_rad_s"


@pytest.fixture(scope="module")
def worker() -> LocalWorker:
    return LocalWorker()


@pytest.fixture(scope="module")
def wearers() -> list[ImuArray]:
    """Return 300 s of each wearer, in which they walk, climb, sit, stand and lie."""
    path = shared_data() / "imu" / "hapt_50hz.npz"
    if not path.is_file():
        pytest.skip(f"no HAPT at {path}")
    first: dict[str, ImuArray] = {}
    for recording in hapt.open_all(path):
        if recording.duration_s >= SECONDS:
            first.setdefault(recording.device_id, recording)
    return [
        motion((one.values[: SECONDS * 50] / one.scale).astype(np.float32), 50.0)
        for one in first.values()
    ]


@pytest.fixture(scope="module")
def recording(wearers: list[ImuArray]) -> ImuArray:
    return wearers[0]


@pytest.fixture(scope="module")
def as_recorded(worker: LocalWorker, recording: ImuArray) -> list[str]:
    names = activities(asyncio.run(worker.log(recording)))
    assert len(set(names)) >= 4
    return names


def motion(rows: NDArray[np.float32], rate: float) -> ImuArray:
    return ImuArray("hapt", "hapt", "hapt", EPOCH_START_NS, rate, rows, np.ones(6, np.float32))


def resample(recording: ImuArray, rate: float) -> ImuArray:
    times = np.arange(len(recording.values)) / 50
    moments = np.minimum(np.arange(int(SECONDS * rate)) / rate, times[-1])
    values = CubicSpline(times, recording.values.astype(float))(moments)
    return motion(values.astype(np.float32), rate)


def activities(log: Log) -> list[str]:
    """Return the likeliest activity of each window, in order."""
    ordered = sorted(log.activities, key=lambda activity: activity.start_ns)
    return [max(one.activities, key=lambda name: one.activities[name]) for one in ordered]


def regular(count: int) -> Floats:
    return np.arange(count) / 50


def jittered_times(count: int) -> Floats:
    return regular(count) + np.random.default_rng(0).uniform(-0.004, 0.004, count)


def delivered_late(count: int) -> Floats:
    return regular(count) + 0.018 * (np.random.default_rng(1).random(count) < 0.15)


def at_49_9_hz(count: int) -> Floats:
    return np.arange(count) / 49.9


@pytest.mark.parametrize(
    ("stamps", "least"),
    [
        (regular, SAME),
        (jittered_times, SAME),
        (delivered_late, SAME),
        # Its windows hold what was moved by up to 0.6 s.
        (at_49_9_hz, 0.9),
    ],
)
def test_five_minutes_are_ten_scenarios_and_their_activities_whatever_the_stamps(
    worker: LocalWorker,
    recording: ImuArray,
    as_recorded: list[str],
    tmp_path: Path,
    stamps: Callable[[int], Floats],
    least: float,
) -> None:
    times = stamps(len(recording.values))
    rows = np.column_stack([times, recording.values])[times < SECONDS]
    path = tmp_path / "2026-03-02T08-00-00Z.csv"
    np.savetxt(path, rows, fmt="%.6f", delimiter=",", header=HEADER, comments="")
    [imported] = open_import(path).recordings
    log = asyncio.run(worker.log(imported))
    assert imported.stretch_count == 1
    assert judge_log(imported, log).held, judge_log(imported, log).why
    assert len(log.scenarios) == 10
    assert same(activities(log), as_recorded) >= least


@pytest.mark.parametrize("rate", [33.333, 416.0])
def test_activities_stay_the_same_at_another_rate(
    worker: LocalWorker, recording: ImuArray, as_recorded: list[str], rate: float
) -> None:
    other = resample(recording, rate)
    log = asyncio.run(worker.log(other, frame_s=0.7))
    assert judge_log(other, log).held, judge_log(other, log).why
    assert len(log.scenarios) == 10
    assert same(activities(log), as_recorded) >= SAME


@pytest.mark.accuracy
@pytest.mark.parametrize("rate", [33.333, 49.9, 52.08, 66.667, 100.0, 416.0])
def test_activities_of_many_wearers_stay_the_same_at_another_rate(
    worker: LocalWorker, wearers: list[ImuArray], rate: float
) -> None:
    some, others = [], []
    for recording in wearers[::3]:
        some += activities(asyncio.run(worker.log(recording)))
        others += activities(asyncio.run(worker.log(resample(recording, rate))))
    assert same(some, others) >= SAME


def same(some: list[str], others: list[str]) -> float:
    """Return the share of windows that have one activity, and print it for those who measure."""
    share = float(np.mean([a == b for a, b in zip(some, others, strict=True)]))
    print(f"the same activity in {share:.1%} of the windows")
    return share
