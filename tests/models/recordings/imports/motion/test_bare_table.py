"""A table without a header is read if it is a time and acceleration in which gravity shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings.imports.motion import is_motion, read_motion
from models.recordings.protocol import RecordingError
from tests.models.recordings.imports.motion.wearer import START_S, G, now, walk
from tests.models.recordings.imports.opening import import_of
from tests.models.recordings.imports.wearables import dates, rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

START_NS = round(START_S) * 10**9


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "6012345.csv"
    path.write_text(text)
    return path


def refused(path: Path) -> str:
    """Return why an import skips the only file of a folder."""
    assert not is_motion(path)
    found = import_of(path)
    assert not found.recordings
    ((_, reason),) = found.skipped
    return reason


@pytest.mark.parametrize(("factor", "unit"), [(1 / G, "g"), (1.0, "m/s2")])
def test_three_numbers_are_acceleration_in_the_unit_of_gravity(
    tmp_path: Path, factor: float, unit: str
) -> None:
    times, values = walk()
    path = write(tmp_path, rows(dates(times), *values[:, :3].T * factor))
    motion = read_motion(path, now=now)
    assert (motion.start_ns, motion.rate_hz, motion.rows_left_out) == (START_NS, 50.0, {})
    np.testing.assert_allclose(motion.stretches[0].values[:, :3], values[:, :3], atol=1e-4)
    assert not motion.gyroscope
    assert f"columns 2 to 4 are read as acceleration x, y and z in {unit}" in motion.warnings[0]


@pytest.mark.parametrize("speed", [1.0, 0.01])
def test_six_numbers_are_acceleration_in_g_and_rotation_in_degrees(
    tmp_path: Path, speed: float
) -> None:
    times, values = walk()
    turn = np.degrees(values[:, 3:]) * speed
    path = write(tmp_path, rows(dates(times), *values[:, :3].T / G, *turn.T))
    motion = read_motion(path, now=now)
    want = np.concatenate([values[:, :3], values[:, 3:] * speed], axis=1)
    np.testing.assert_allclose(motion.stretches[0].values, want, atol=1e-4)
    assert "columns 5 to 7 as rotation x, y and z in degrees a second" in motion.warnings[0]


def test_six_numbers_in_metres_and_radians_are_told_by_their_size(tmp_path: Path) -> None:
    times, values = walk()
    motion = read_motion(write(tmp_path, rows(dates(times), *values.T)), now=now)
    np.testing.assert_allclose(motion.stretches[0].values, values, atol=1e-4)
    assert "columns 'column 5' to 'column 7' name no unit: read as rad/s" in motion.warnings


@pytest.mark.parametrize(
    ("clock", "start_ns"),
    [
        (lambda t: [f"{v:.3f}" for v in t], None),
        (lambda t: [f"{START_S + v:.3f}" for v in t], START_NS),
        (lambda t: [f"{round((START_S + v) * 1000)}" for v in t], START_NS),
        (lambda t: [f"{(START_S + v) / 86_400 + 719_529:.9f}" for v in t], START_NS),
    ],
    ids=["seconds", "since 1970", "milliseconds", "MATLAB's days"],
)
def test_the_time_may_be_a_number(
    tmp_path: Path, clock: Callable[[np.ndarray], list[str]], start_ns: int | None
) -> None:
    times, values = walk()
    motion = read_motion(write(tmp_path, rows(clock(times), *values[:, :3].T / G)), now=now)
    assert motion.rate_hz == pytest.approx(50.0, abs=0.01)
    assert motion.start_ns is start_ns is None or abs((motion.start_ns or 0) - START_NS) < 1e8


def test_semicolons_and_decimal_commas_will_do(tmp_path: Path) -> None:
    times, values = walk()
    text = rows(dates(times), *values[:, :3].T / G, delimiter=";").replace(".", ",")
    motion = read_motion(write(tmp_path, text), now=now)
    assert (motion.start_ns, motion.rate_hz, motion.rows_left_out) == (START_NS, 50.0, {})
    np.testing.assert_allclose(motion.stretches[0].values[:, :3], values[:, :3], atol=1e-4)


def test_a_cut_file_is_read_to_the_cut(tmp_path: Path) -> None:
    times, values = walk()
    text = rows(dates(times), *values[:, :3].T / G)
    motion = read_motion(write(tmp_path, text[: text.rindex(",") - 1]), now=now)
    assert motion.rows_left_out == {"cut": 1}
    assert motion.seconds == pytest.approx(19.98)


def test_without_gravity_nothing_is_read(tmp_path: Path) -> None:
    times, values = walk()
    for factor, size in ((40.0, "39"), (1 / 256, "0.038")):
        reason = refused(write(tmp_path, rows(dates(times), *values[:, :3].T * factor)))
        assert f"the length of its columns 2 to 4 is {size}" in reason
        assert "acceleration with gravity, 1 (g) or 9.8 (m/s2); name the columns" in reason


def test_a_direction_is_no_acceleration(tmp_path: Path) -> None:
    times, values = walk()
    unit = values[:, :3] / np.linalg.norm(values[:, :3], axis=1, keepdims=True)
    reason = "columns 2 to 4 are always 1 long"
    path = write(tmp_path, rows(dates(times), *unit.T))
    assert reason in import_of(path).skipped[0][1]
    with pytest.raises(RecordingError, match=reason):
        read_motion(path, now=now)


@pytest.mark.parametrize("length", [48.0, 1.0])
def test_what_has_a_steady_length_is_no_rotation(tmp_path: Path, length: float) -> None:
    times, values = walk()
    turn = times[:, None] + np.array([0.0, 2.0, 4.0])
    other = length * np.sqrt(2 / 3) * np.sin(turn)
    reason = refused(write(tmp_path, rows(dates(times), *values[:, :3].T / G, *other.T)))
    assert "columns 5 to 7 are always about " in reason
    assert " long, as rotation is not" in reason


def test_dates_before_2000_are_refused(tmp_path: Path) -> None:
    times, values = walk()
    text = rows(dates(times), *values[:, :3].T / G).replace("2026-", "1970-")
    with pytest.raises(RecordingError, match="before 2000: the device's clock was not set"):
        read_motion(write(tmp_path, text), now=now)


def test_rows_a_second_apart_are_refused_by_their_rate(tmp_path: Path) -> None:
    times, values = walk()
    path = write(tmp_path, rows(dates(times * 50), *values[:, :3].T / G))
    with pytest.raises(RecordingError, match="rate is 1 Hz; expected 10 to 800"):
        read_motion(path, now=now)


def test_commas_of_both_kinds_are_refused(tmp_path: Path) -> None:
    times, values = walk()
    commas = [[f"{v:.3f}".replace(".", ",") for v in column] for column in values[:, :3].T / G]
    assert "length of its columns 2 to 4 is" in refused(
        write(tmp_path, rows(dates(times), *commas))
    )


@pytest.mark.parametrize("columns", [2, 4, 5, 7])
def test_other_widths_are_not_read(tmp_path: Path, columns: int) -> None:
    times, values = walk()
    wide = np.tile(values, 2)[:, :columns]
    reason = refused(write(tmp_path, rows(dates(times), *wide.T / G)))
    assert "has no header with time and motion" in reason


def test_numbers_that_count_no_time_are_not_read(tmp_path: Path) -> None:
    times, values = walk()
    for first in (np.cos(times), times * 50, np.ones(len(times))):
        reason = refused(write(tmp_path, rows(first, *values[:, :3].T / G)))
        assert "has no header with time and motion" in reason
