"""Units come from the header; gravity and a wearer's reach tell where it is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings.imports.motion import MotionFile, read_motion
from models.recordings.imports.motion.unit_names import unit_of
from models.recordings.protocol import RecordingError
from tests.models.recordings.imports.motion.wearer import START_S, G, now, table, walk

if TYPE_CHECKING:
    from pathlib import Path

ACC = "acc_x_{0},acc_y_{0},acc_z_{0}"
GYRO = "gyro_x_{0},gyro_y_{0},gyro_z_{0}"
DEG = 180 / np.pi


def read_units(
    tmp_path: Path, header: str, factors: tuple[float, float], turn: float = 1.0
) -> MotionFile:
    times, values = walk()
    acc, gyro = values[:, :3] * factors[0], values[:, 3:] * factors[1] * turn
    path = tmp_path / "m.csv"
    path.write_text(table(f"time_s,{header}", [times, *acc.T, *gyro.T]))
    return read_motion(path, now=now)


@pytest.mark.parametrize(
    ("acc", "factor"),
    [
        ("m_s2", 1.0),
        ("g", 1 / G),
        ("mg", 1000 / G),
        ("(m/s²)", 1.0),
        ("[g]", 1 / G),
        ("[mG]", 1000 / G),
    ],
)
@pytest.mark.parametrize(
    ("gyro", "turn"),
    [
        ("rad_s", 1.0),
        ("deg_s", DEG),
        ("dps", DEG),
        ("(°/s)", DEG),
        ("[deg/s]", DEG),
        ("(rad/s)", 1.0),
    ],
)
def test_units_that_headers_name_are_converted(
    tmp_path: Path, acc: str, factor: float, gyro: str, turn: float
) -> None:
    motion = read_units(tmp_path, f"{ACC.format(acc)},{GYRO.format(gyro)}", (factor, turn))
    np.testing.assert_allclose(motion.stretches[0].values, walk()[1], atol=1e-4)
    assert motion.warnings == ()


def test_columns_may_come_in_any_order_among_others(tmp_path: Path) -> None:
    times, values = walk()
    header = "gyro_x_deg_s,gyro_y_deg_s,gyro_z_deg_s,note,time_s,acc_z_g,acc_y_g,acc_x_g"
    notes = ["a"] * len(times)
    columns = [*(values[:, 3:] * DEG).T, notes, times, *(values[:, 2::-1] / G).T]
    path = tmp_path / "m.csv"
    path.write_text(table(header, columns))
    np.testing.assert_allclose(read_motion(path, now=now).stretches[0].values, values, atol=1e-4)


def test_g_called_ms2_is_read_as_g_and_said(tmp_path: Path) -> None:
    motion = read_units(tmp_path, f"{ACC.format('m_s2')},{GYRO.format('rad_s')}", (1 / G, 1.0))
    np.testing.assert_allclose(motion.stretches[0].values, walk()[1], atol=1e-4)
    (warning,) = motion.warnings
    assert "'acc_x_m_s2' to 'acc_z_m_s2'" in warning
    assert "gravity is 1, so the unit is g, not m_s2" in warning
    assert "name it in the header, as acc_x_g" in warning


def test_ms2_called_g_is_read_as_ms2_and_said(tmp_path: Path) -> None:
    motion = read_units(tmp_path, f"{ACC.format('g')},{GYRO.format('rad_s')}", (1.0, 1.0))
    np.testing.assert_allclose(motion.stretches[0].values, walk()[1], atol=1e-4)
    assert "the unit is m/s2, not g" in motion.warnings[0]


def test_degrees_called_radians_are_read_as_degrees_and_said(tmp_path: Path) -> None:
    motion = read_units(
        tmp_path, f"{ACC.format('m_s2')},{GYRO.format('rad_s')}", (1.0, DEG), turn=3.0
    )
    np.testing.assert_allclose(motion.stretches[0].values[:, 3:], walk()[1][:, 3:] * 3, atol=1e-3)
    assert "too fast for rad/s: read as degrees a second" in motion.warnings[0]


def test_without_a_unit_gravity_decides(tmp_path: Path) -> None:
    header = "acc_x,acc_y,acc_z,gyro_x,gyro_y,gyro_z"
    for factor in (1.0, 1 / G):
        motion = read_units(tmp_path, header, (factor, 1.0))
        np.testing.assert_allclose(motion.stretches[0].values, walk()[1], atol=1e-4)
        assert motion.warnings == ("columns 'gyro_x' to 'gyro_z' name no unit: read as rad/s",)


def test_an_axis_without_its_unit_takes_that_of_the_others(tmp_path: Path) -> None:
    header = f"acc_x_g,acc_y,acc_z_g,{GYRO.format('rad_s')}"
    motion = read_units(tmp_path, header, (1 / G, 1.0))
    np.testing.assert_allclose(motion.stretches[0].values, walk()[1], atol=1e-4)


def test_axes_in_different_units_are_not_read_and_said(tmp_path: Path) -> None:
    header = f"{ACC.format('m_s2')},gyro_x_rad_s,gyro_y_rad_s,gyro_z_rpm"
    motion = read_units(tmp_path, header, (1.0, 1.0))
    assert not motion.gyroscope
    assert "gyro_z_rpm are not read" in motion.warnings[0]


def test_acceleration_without_gravity_is_said(tmp_path: Path) -> None:
    times, values = walk()
    path = tmp_path / "m.csv"
    values[:, 2] -= G
    path.write_text(table("time_s,ax (m/s^2),ay (m/s^2),az (m/s^2)", [times, *values[:, :3].T]))
    motion = read_motion(path, now=now)
    assert "gravity seems to be taken out" in motion.warnings[0]


def test_values_that_no_wearer_reaches_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        RecordingError, match=r"'acc_x_m_s2' to 'acc_z_m_s2' reach .* no wearer can"
    ):
        read_units(tmp_path, f"{ACC.format('m_s2')},{GYRO.format('rad_s')}", (300.0, 1.0))


@pytest.mark.parametrize("text", ["m/s²", "m/s^2", "m/s2", "m s^-2", "ms-2", "M/S²", "m/sÂ²"])
def test_spellings_of_metres_a_second_squared(text: str) -> None:
    assert unit_of(text, "acc") == 1.0


def test_what_is_no_unit_is_none() -> None:
    assert unit_of("µT", "acc") is None
    assert unit_of("g", "gyro") is None


@pytest.mark.parametrize("turned", [1.0, 0.05])
def test_a_row_of_units_below_the_header_tells_them(tmp_path: Path, turned: float) -> None:
    times, values = walk(20.0)
    values[:, 3:] *= turned
    names = ["Shimmer_5F3B_Timestamp_Unix_CAL"]
    names += [f"Shimmer_5F3B_Accel_LN_{axis}_CAL" for axis in "XYZ"]
    names += [f"Shimmer_5F3B_Gyro_{axis}_CAL" for axis in "XYZ"]
    rows = [
        "\t".join(f"{value:.5f}" for value in (START_S * 1e3 + t * 1e3, *acc, *np.degrees(gyro)))
        for t, acc, gyro in zip(times, values[:, :3], values[:, 3:], strict=True)
    ]
    units = ["ms", *["m/(s^2)"] * 3, *["deg/s"] * 3]
    path = tmp_path / "s.csv"
    path.write_text("\n".join(["\t".join(names), "\t".join(units), *rows]) + "\n")
    motion = read_motion(path, now=now)
    assert (motion.start_ns, motion.rate_hz) == (START_S * 10**9, 50.0)
    assert (motion.warnings, motion.rows_left_out) == ((), {})
    assert np.allclose(motion.stretches[0].values, values, atol=1e-4)


@pytest.mark.parametrize("second", ["acc2_{}_m_s2", "ankle_acc_{}_m_s2", "acc_{}_m_s2"])
@pytest.mark.parametrize("interleaved", [False, True])
def test_a_second_sensor_of_a_table_is_named(
    tmp_path: Path, second: str, interleaved: bool
) -> None:
    first, other = [f"acc_{a}_m_s2" for a in "xyz"], [second.format(a) for a in "xyz"]
    names = [n for pair in zip(first, other, strict=True) for n in pair] if interleaved else [
        *first, *other]  # fmt: skip
    values = {0: (0.1, 0.2, 9.8), 1: (5.0, 6.0, 7.0)}
    row = [f"{values[i % 2][i // 2] if interleaved else values[i // 3][i % 3]}" for i in range(6)]
    rows = [f"{i / 50},{','.join(row)}" for i in range(50)]
    path = tmp_path / "m.csv"
    path.write_text("\n".join([",".join(["time_s", *names]), *rows]))
    motion = read_motion(path)
    np.testing.assert_allclose(motion.stretches[0].values[:, :3], [values[0]] * 50, rtol=1e-6)
    assert motion.warnings[0] == (
        f"3 columns, {other[0]!r} to {other[-1]!r}, are not read: the sensors before them are of "
        "the same kind; import a table of one place of the body"
    )
