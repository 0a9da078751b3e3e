"""phyphox's tables are read in every language; quantities are named as its translations do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings.imports.importing import open_import
from models.recordings.imports.layouts import layout_of
from models.recordings.imports.motion import is_motion, motion_groups, read_motion
from models.recordings.imports.motion.any_language import columns_in_any_language
from models.recordings.protocol import RecordingError
from tests.models.recordings.imports.motion.wearer import START_S, G, now, table, walk

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

LINEAR = np.array([0.0, 0.0, G])
LANGUAGES = [
    ("Zeit", "Beschleunigung %s", "Lineare Beschleunigung %s", "Gyroskop %s"),
    ("Temps", "Accélération selon %s", "Accélération linéaire selon l'axe %s", "Gyroscope axe %s"),
    ("Tiempo", "Aceleración %s", "Aceleración lineal %s", "Giroscopio %s"),
    ("Tempo", "Accelerazione %s", "Accelerazione %s", "Giroscopio %s"),
    ("Tijd", "Versnelling %s", "Lineaire versnelling %s", "Gyroscoop %s"),
    ("Czas", "Akcelerometr - składowa %s", "Przyspieszenie liniowe %s", "Żyroskop - składowa %s"),
    ("Tempo", "Aceleração %s", "Aceleração Linear %s", "Giroscópio %s"),
    ("Čas", "Zrychlení %s", "Lineární zrychlení %s", "Gyroskop %s"),
    ("Время", "Акселерометр %s", "Линейное ускорение %s", "Гироскоп %s"),
    ("Χρόνος", "Επιταχυνσιόμετρο %s", "Γραμμική Επιτάχυνση %s", "Γυροσκόπιο %s"),
    ("時間", "加速度計 %s", "加速度 %s", "ジャイロスコープ %s"),
    ("時間", "%s方向加速儀", "%s方向線性加速度", "%s方向陀螺儀"),
    ("Zaman", "İvmeölçer %s", "Doğrusal İvmelenme %s", "Jiroskop %s"),
    ("Thời gian", "Gia tốc kế %s", "Gia tốc tuyến tính %s", "Con quay hồi chuyển %s"),
]


def write(
    path: Path,
    time: str,
    quantity: str,
    times: NDArray[np.float64],
    values: NDArray[np.float64],
    unit: str = "m/s^2",
) -> Path:
    """Write (n, 3) values as phyphox does, with a norm that is in no axis."""
    names = [f"{time} (s)", *(f"{quantity % axis} ({unit})" for axis in "xyz"), f"Norm ({unit})"]
    norm = np.linalg.norm(values, axis=1)
    path.write_text(
        table(";".join(f'"{name}"' for name in names), [times, *values.T, norm], ";"),
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda names: names[1])
def test_a_phones_tables_are_recognised_by_axis_and_unit(
    tmp_path: Path, language: tuple[str, str, str, str]
) -> None:
    time, acc, linear, gyro = language
    square = ("m/s^2", "m/s²")[LANGUAGES.index(language) % 2]
    times, values = walk()
    # The names of the files are translated too.
    write(tmp_path / "Aufnahme A.csv", time, linear, times, values[:, :3] - LINEAR, square)
    write(tmp_path / "Aufnahme B.csv", time, acc, times, values[:, :3], square)
    write(tmp_path / "Aufnahme C.csv", time, gyro, times, values[:, 3:], "rad/s")
    (group,), unused = motion_groups(tmp_path.iterdir())
    assert [path.stem for path in group.files] == ["Aufnahme B", "Aufnahme C"]
    assert [path.stem for path, _ in unused] == ["Aufnahme A"]
    motion = read_motion(group.files[0], group.files[1:], now=now)
    (stretch,) = motion.stretches
    np.testing.assert_allclose(stretch.values, values, atol=2e-3)
    assert motion.warnings == ()
    assert motion.gyroscope


@pytest.mark.parametrize(
    ("time", "write_time"),
    [
        ("Zeitstempel", "%Y-%m-%d %H:%M:%S.%f"),
        ("Zeitstempel", "%d.%m.%Y %H:%M:%S,%f"),
        ("Datum/Uhrzeit", "%d.%m.%Y %H:%M:%S.%f"),
        ("Horodatage", "%Y-%m-%dT%H:%M:%S.%f"),
        ("Fecha y hora", "%d.%m.%Y, %H:%M:%S.%f"),
        ("Zeit (ms)", None),
    ],
)
@pytest.mark.parametrize("unit", ["g", "mg"])
def test_a_loggers_g_degrees_and_dates_are_read_in_another_language(
    tmp_path: Path, time: str, write_time: str | None, unit: str
) -> None:
    times, values = walk()
    scaled = values * np.repeat([1 / G if unit == "g" else 1000 / G, 180 / np.pi], 3)
    dates = [datetime.fromtimestamp(START_S + round(t, 3), UTC) for t in times]
    column = (
        [f"{each.strftime(write_time)}" for each in dates]
        if write_time is not None
        else [f"{1000 * t:.0f}" for t in times]
    )
    names = [
        time,
        *(f"Beschleunigung {axis} ({unit})" for axis in "XYZ"),
        *(f"Drehrate {axis} (°/s)" for axis in "XYZ"),
    ]
    path = tmp_path / "Messung.csv"
    path.write_text(table(";".join(names), [column, *scaled.T], ";"), encoding="utf-8")
    motion = read_motion(path, now=now)
    (stretch,) = motion.stretches
    np.testing.assert_allclose(stretch.values, values, atol=2e-3)
    assert motion.start_ns == (None if write_time is None else round(START_S) * 10**9)
    assert [each for each in motion.warnings if "time zone" not in each] == []


@pytest.mark.parametrize("linear", ["Lineare Beschleunigung %s", "Accelerazione %s"])
def test_acceleration_without_gravity_is_read_with_a_warning_named_or_not(
    tmp_path: Path, linear: str
) -> None:
    times, values = walk()
    path = write(tmp_path / "Rohdaten.csv", "Zeit", linear, times, values[:, :3] - LINEAR)
    motion = read_motion(path, now=now)
    assert any("gravity seems to be taken out" in warning for warning in motion.warnings)


def test_gravity_alone_is_no_acceleration(tmp_path: Path) -> None:
    times, values = walk()
    turns = 0.3 * np.sin(times)
    down = G * np.stack([np.sin(turns), 0 * times, np.cos(turns)], axis=1)
    path = write(tmp_path / "Schwerkraft.csv", "Zeit", "Schwerkraft %s", times, down)
    groups, unused = motion_groups([path])
    assert groups == []
    assert unused == [(path, "has no acceleration beside it")]
    with pytest.raises(RecordingError, match="has no acceleration"):
        read_motion(path, now=now)
    # Beside acceleration without gravity it is what that lacks.
    linear = write(
        tmp_path / "Linear.csv", "Zeit", "Accelerazione %s", times, values[:, :3] - LINEAR
    )
    (group,), _ = motion_groups([path, linear])
    (stretch,) = read_motion(group.files[0], group.files[1:], now=now).stretches
    np.testing.assert_allclose(stretch.values[:, :3], values[:, :3] - LINEAR + down, atol=2e-3)


def test_acceleration_whose_values_do_not_tell_is_refused_in_one_line(tmp_path: Path) -> None:
    times, values = walk()
    write(tmp_path / "Rohdaten.csv", "Zeit", "Beschleunigung %s", times, values[:, :3] - LINEAR / 2)
    found = open_import(tmp_path)
    assert found.recordings == []
    ((_, reason),) = found.skipped
    assert reason == (
        "columns 'Beschleunigung x (m/s^2)' to 'Beschleunigung z (m/s^2)' average "
        "4.92 m/s2 over 2 s, neither 9.8 (acceleration with gravity) nor 0 (without); name them "
        "'Acceleration x (m/s^2)' or 'Linear Acceleration x (m/s^2)'"
    )


@pytest.mark.parametrize(
    "names",
    [
        ("Zeit (s)", "Magnetfeld x (µT)", "Magnetfeld y (µT)", "Magnetfeld z (µT)"),
        ("Zeit (s)", "Tempo x (m/s)", "Tempo y (m/s)", "Tempo z (m/s)"),
        ("Zeit (s)", "Beschleunigung x (m/s^2)", "Beschleunigung y (m/s^2)"),
        ("Beschleunigung x (m/s^2)", "Beschleunigung y (m/s^2)", "Beschleunigung z (m/s^2)"),
        ("Duration (s)", "Mittel x (m/s^2)", "Mittel y (m/s^2)", "Mittel z (m/s^2)"),
        ("Zeit (s)", "Magnetfeld x (G)", "Magnetfeld y (G)", "Magnetfeld z (G)"),
        ("Nummer", "Beschleunigung x (g)", "Beschleunigung y (g)", "Beschleunigung z (g)"),
        # Two of one unit: which of them is wanted is not said.
        ("Zeit (s)", *(f"{what} {axis} (m/s^2)" for what in ("Hand", "Fuß") for axis in "xyz")),
    ],
)
def test_other_quantities_are_no_motion(tmp_path: Path, names: tuple[str, ...]) -> None:
    assert columns_in_any_language(names) is None
    path = tmp_path / "Rohdaten.csv"
    path.write_text(";".join(names) + "\n" + ";".join("1" for _ in names) + "\n")
    assert not is_motion(path)


def test_a_translated_table_fits_the_layout_of_phyphox() -> None:
    layout = layout_of("phyphox")
    assert layout is not None
    for time, acc, _, gyro in LANGUAGES:
        assert layout.fits((f"{time} (s)", *(f"{acc % axis} (m/s²)" for axis in "xyz")))
        assert layout.fits((f"{time} (s)", *(f"{gyro % axis} (rad/s)" for axis in "xyz")))
    assert not layout.fits(("time", "seconds_elapsed", "z", "y", "x"))
    assert not layout.fits(("Zeit (s)", "Magnetfeld x (µT)", "Magnetfeld y (µT)"))
