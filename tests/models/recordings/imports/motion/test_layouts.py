"""Every maker's layout, written small after its documentation, is read in m/s² and rad/s."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings.imports.motion import MotionFile, is_motion, motion_groups, read_motion
from models.recordings.protocol import RecordingError
from tests.models.recordings.imports.motion.wearer import START_S, G, now, ns, table, walk

if TYPE_CHECKING:
    from pathlib import Path

NS = 10**9
DEG = 180 / np.pi


def is_the_walk(
    motion: MotionFile, rate: float = 50.0, gyroscope: bool = True, atol: float = 2e-3
) -> None:
    _, values = walk(rate=rate)
    assert motion.rate_hz == rate
    (stretch,) = motion.stretches
    assert abs(len(stretch.values) - len(values)) <= 2
    got = stretch.values
    np.testing.assert_allclose(got[:, :3], values[: len(got), :3], atol=atol)
    assert motion.gyroscope == gyroscope
    want = values[: len(got), 3:] if gyroscope else 0.0
    np.testing.assert_allclose(got[:, 3:], want, atol=atol)
    assert motion.rows_left_out == {}


def xyz(
    values: np.ndarray, first: int, factor: float = 1.0, order: str = "xyz"
) -> list[np.ndarray]:
    return [values[:, first + "xyz".index(axis)] * factor for axis in order]


def sensor_logger(folder: Path, name: str, times: np.ndarray, columns: list[np.ndarray]) -> Path:
    path = folder / f"{name}.csv"
    path.write_text(table("time,seconds_elapsed,z,y,x", [ns(times), times, *columns]))
    return path


def test_sensor_logger_adds_gravity_and_merges_the_gyroscope(tmp_path: Path) -> None:
    times, values = walk()
    gravity = np.zeros((len(times), 3))
    gravity[:, 2] = G
    linear = values[:, :3] - gravity
    sensor_logger(tmp_path, "Accelerometer", times, xyz(linear, 0, order="zyx"))
    sensor_logger(tmp_path, "Gravity", times, xyz(gravity, 0, order="zyx"))
    sensor_logger(tmp_path, "Gyroscope", times, xyz(values, 3, order="zyx"))
    sensor_logger(tmp_path, "Magnetometer", times, xyz(values, 3, 20.0, order="zyx"))
    (tmp_path / "Annotation.csv").write_text("time,seconds_elapsed,text\n1,1,hello\n")
    (group,), unused = motion_groups(tmp_path.iterdir())
    assert [path.name for path in group.files] == [
        "Accelerometer.csv",
        "Gravity.csv",
        "Gyroscope.csv",
    ]
    assert (group.device, unused) == ("", [])
    motion = read_motion(group.files[0], group.files[1:], now=now)
    is_the_walk(motion)
    assert motion.start_ns == START_S * NS
    assert motion.warnings == ()


def test_sensor_logger_prefers_total_acceleration_and_says_what_it_does_not_need(
    tmp_path: Path,
) -> None:
    times, values = walk()
    sensor_logger(tmp_path, "TotalAcceleration", times, xyz(values, 0, order="zyx"))
    sensor_logger(tmp_path, "Accelerometer", times, xyz(values * 0, 0, order="zyx"))
    sensor_logger(tmp_path, "Gyroscope", times, xyz(values, 3, order="zyx"))
    (group,), unused = motion_groups(tmp_path.iterdir())
    assert [path.name for path in group.files] == ["TotalAcceleration.csv", "Gyroscope.csv"]
    assert [(path.name, reason) for path, reason in unused] == [
        ("Accelerometer.csv", "holds the same motion as TotalAcceleration.csv")
    ]
    is_the_walk(read_motion(group.files[0], group.files[1:], now=now))


def test_sensor_logger_uncalibrated_in_g_and_a_gyroscope_of_another_rate(tmp_path: Path) -> None:
    times, values = walk()
    fast, turned = walk(rate=100.0)
    lead = sensor_logger(
        tmp_path, "AccelerometerUncalibrated", times, xyz(values, 0, 1 / G, order="zyx")
    )
    gyro = sensor_logger(tmp_path, "Gyroscope", fast, xyz(turned, 3, order="zyx"))
    is_the_walk(read_motion(lead, [gyro], now=now))


def test_sensor_logger_headphones_write_acceleration_in_g_and_gravity_in_ms2(
    tmp_path: Path,
) -> None:
    times, values = walk(rate=25.0)
    zero = np.zeros(len(times))
    linear = values[:, :3] - [0, 0, G]
    path = tmp_path / "Headphone.csv"
    path.write_text(
        table(
            "time,seconds_elapsed,accelerationZ,accelerationY,accelerationX,rotationRateX,"
            "rotationRateY,rotationRateZ,gravityX,gravityY,gravityZ,quaternionX,pitch,devicelocation",
            [
                ns(times),
                times,
                *xyz(linear, 0, 1 / G, order="zyx"),
                *xyz(values, 3),
                zero,
                zero,
                zero + G,
                zero,
                zero,
                ["left"] * len(times),
            ],
        )
    )
    is_the_walk(read_motion(path, now=now), rate=25.0)


def test_sensor_logger_watch_is_a_device_of_its_own(tmp_path: Path) -> None:
    times, values = walk()
    for name in ("TotalAcceleration", "WatchAccelerometer"):
        sensor_logger(tmp_path, name, times, xyz(values, 0, order="zyx"))
    for name in ("Gyroscope", "WatchGyroscope"):
        sensor_logger(tmp_path, name, times, xyz(values, 3, order="zyx"))
    groups, unused = motion_groups(tmp_path.iterdir())
    assert [(g.device, [p.stem for p in g.files]) for g in groups] == [
        ("", ["TotalAcceleration", "Gyroscope"]),
        ("watch", ["WatchAccelerometer", "WatchGyroscope"]),
    ]
    assert unused == []


def test_files_of_bare_axes_whose_names_shorten_the_sensor(tmp_path: Path) -> None:
    """As Sensor Kinetics writes them, with gravity in a file of its own."""
    times, values = walk()
    gravity = np.tile([0.0, 0.0, G], (len(times), 1))
    tables = {
        "accm": values[:, :3],
        "gyrm": values[:, 3:],
        "grvm": gravity,
        "lacm": values[:, :3] - gravity,
        "magm": values[:, :3] * 3,
        "rotm": values[:, 3:] / 9,
    }
    for name, sensor in tables.items():
        (tmp_path / f"Stairs_f_157_47_36_{name}.csv").write_text(
            table("time,X_value,Y_value,Z_value", [times, *sensor.T])
        )
    (group,), unused = motion_groups(tmp_path.iterdir())
    assert group.device == "stairs-f-157-47-36"
    assert [path.stem[-4:] for path in group.files] == ["accm", "grvm", "gyrm"]
    assert [path.stem[-4:] for path, _ in unused] == ["lacm"]
    is_the_walk(read_motion(group.files[0], group.files[1:], now=now))


def test_phyphox_with_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    times, values = walk()
    names = ("Accelerometer", "Gyroscope")
    for name, first, what, unit in zip(
        names, (0, 3), ("Acceleration", "Gyroscope"), ("m/s^2", "rad/s"), strict=True
    ):
        header = ";".join(
            ['"Time (s)"', *(f'"{what} {axis} ({unit})"' for axis in "xyz"), '"Absolute"']
        )
        text = table(header, [times, *xyz(values, first), times], ";")
        (tmp_path / f"{name}.csv").write_text(text.replace(".", ","))
    (group,), _ = motion_groups(tmp_path.iterdir())
    motion = read_motion(group.files[0], group.files[1:], now=now)
    is_the_walk(motion)
    assert motion.start_ns is None
    assert motion.warnings == ()


def test_sensorlog_takes_the_sensors_clock_and_the_loggers_date(tmp_path: Path) -> None:
    times, values = walk(rate=100.0)
    texts = [
        datetime.fromtimestamp(START_S + t, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + " +0000"
        for t in times
    ]
    path = tmp_path / "stream iPhone 260302 08_00_00.csv"
    path.write_text(
        table(
            "loggingTime(txt),locationTimestamp_since1970(s),accelerometerTimestamp_sinceReboot(s),"
            "accelerometerAccelerationX(G),accelerometerAccelerationY(G),"
            "accelerometerAccelerationZ(G),gyroTimestamp_sinceReboot(s),gyroRotationX(rad/s),"
            "gyroRotationY(rad/s),gyroRotationZ(rad/s),motionUserAccelerationX(G),label(N)",
            [
                texts,
                np.full(len(times), START_S),
                times + 62_608.0,
                *xyz(values, 0, 1 / G),
                times + 62_608.0,
                *xyz(values, 3),
                times * 0,
                ["0"] * len(times),
            ],
        )
    )
    motion = read_motion(path, now=now)
    is_the_walk(motion, rate=100.0)
    assert motion.start_ns == START_S * NS


def test_androsensor_in_latin_1(tmp_path: Path) -> None:
    times, values = walk()
    texts = [
        datetime.fromtimestamp(START_S + t, UTC).strftime("%Y-%m-%d %H:%M:%S:%f")[:-3]
        for t in times
    ]
    header = ";".join(
        [
            *(f"ACCELEROMETER {axis} (m/s²)" for axis in "XYZ"),
            *(f"GRAVITY {axis} (m/s²)" for axis in "XYZ"),
            *(f"LINEAR ACCELERATION {axis} (m/s²)" for axis in "XYZ"),
            *(f"GYROSCOPE {axis} (rad/s)" for axis in "XYZ"),
            *(f"MAGNETIC FIELD {axis} (μT)" for axis in "X"),
            "Time since start in ms ",
            "YYYY-MO-DD HH-MI-SS_SSS",
        ]
    ).replace("μ", "µ")
    zero = np.zeros(len(times))
    columns = [*xyz(values, 0), zero, zero, zero + G, zero, zero, zero, *xyz(values, 3), zero]
    text = "sep=;\n" + table(header, [*columns, times * 1000, texts], ";")
    path = tmp_path / "Sensor_record_20260302_080000_AndroSensor.csv"
    path.write_bytes(text.encode("latin-1"))
    motion = read_motion(path, now=now)
    is_the_walk(motion)
    assert motion.start_ns == START_S * NS
    assert any("no time zone" in warning for warning in motion.warnings)


@pytest.mark.parametrize("clock", ["seconds", "daytime"])
def test_physics_toolbox(tmp_path: Path, clock: str) -> None:
    times, values = walk()
    texts = [datetime.fromtimestamp(START_S + t, UTC).strftime("%H:%M:%S:%f")[:-3] for t in times]
    path = tmp_path / "record.csv"
    path.write_text(
        table(
            "time,gFx,gFy,gFz,ax,ay,az,wx,wy,wz,TgF",
            [
                times if clock == "seconds" else texts,
                *xyz(values, 0, 1 / G),
                *xyz(values * 0, 0),
                *xyz(values, 3),
                times,
            ],
        )
    )
    motion = read_motion(path, now=now)
    is_the_walk(motion)
    if clock == "daytime":
        assert motion.first_ns == 8 * 3600 * NS


@pytest.mark.parametrize(
    ("header", "acc", "gyro", "scale"),
    [
        ("millis,ax,ay,az,gx,gy,gz", 1.0, 1.0, 1e3),
        ("micros,accX,accY,accZ,gyroX,gyroY,gyroZ", 1 / G, DEG * 3, 1e6),
        ("Time(ms),AccX(m/s^2),AccY(m/s^2),AccZ(m/s^2),GyroX(dps),GyroY(dps),GyroZ(dps)", 1.0, DEG,
         1e3),
        ("timestamp,AcX,AcY,AcZ,GyX,GyY,GyZ", 16_384 / G, 131 * DEG, 1e3),
        ("time_ns,imu_acc_x,imu_acc_y,imu_acc_z,imu_gyro_x,imu_gyro_y,imu_gyro_z", 1.0, 1.0, 1e9),
    ],
)  # fmt: skip
def test_loggers_on_arduino(
    tmp_path: Path, header: str, acc: float, gyro: float, scale: float
) -> None:
    times, values = walk()
    if gyro == DEG * 3:  # turns fast enough to be told from rad/s
        values[:, 3:] *= 3
        gyro = DEG
    path = tmp_path / "LOG001.TXT"
    columns = [*xyz(values, 0, acc), *xyz(values, 3, gyro)]
    if acc > 1000:
        columns = [np.round(column) for column in columns]
    path.write_text(table(header, [times * scale, *columns]))
    motion = read_motion(path, now=now)
    assert motion.rate_hz == 50.0
    np.testing.assert_allclose(motion.stretches[0].values, values, atol=2e-3)


def test_esense_epoch_milliseconds_in_bursts(tmp_path: Path) -> None:
    times, values = walk()
    bursts = times[np.arange(len(times)) // 5 * 5]
    path = tmp_path / "esense.csv"
    path.write_text(
        table(
            "timestamp,acc_x,acc_y,acc_z,gyro_x,gyro_y,gyro_z",
            [
                [f"{round((START_S + t) * 1000)}" for t in bursts],
                *(np.round(column * 8192 / G) for column in xyz(values, 0)),
                *(np.round(column * 65.5 * DEG) for column in xyz(values, 3)),
            ],
        )
    )
    motion = read_motion(path, now=now)
    is_the_walk(motion, atol=5e-3)
    assert "8192 per g" in motion.warnings[0]


def test_openearable_names_units_in_brackets(tmp_path: Path) -> None:
    times, values = walk()
    path = tmp_path / "openearable_imu.csv"
    path.write_text(
        table(
            "time,sensor_accX[g],sensor_accY[g],sensor_accZ[g],sensor_gyroX[°/s],sensor_gyroY[°/s],"
            "sensor_gyroZ[°/s],sensor_magX[µT],sensor_magY[µT],sensor_magZ[µT]",
            [
                [f"{round((START_S + t) * 1000)}" for t in times],
                *xyz(values, 0, 1 / G),
                *xyz(values, 3, DEG),
                *xyz(values, 0),
            ],
        ),
        encoding="utf-8",
    )
    motion = read_motion(path, now=now)
    is_the_walk(motion)
    assert motion.warnings == ()


def test_empatica_e4_counts_in_64ths_of_g(tmp_path: Path) -> None:
    _, values = walk(rate=32.0)
    rows = "\n".join(",".join(f"{v:.0f}" for v in row) for row in values[:, :3] * 64 / G)
    start, rate = ",".join([f"{START_S:.6f}"] * 3), ",".join(["32.000000"] * 3)
    path = tmp_path / "ACC.csv"
    path.write_text(f"{start}\n{rate}\n{rows}\n")
    assert is_motion(path)
    motion = read_motion(path, now=now)
    is_the_walk(motion, rate=32.0, gyroscope=False, atol=0.1)
    assert motion.start_ns == START_S * NS
    assert any("no gyroscope" in warning for warning in motion.warnings)


def test_movesense_splits_its_sensors(tmp_path: Path) -> None:
    times, values = walk(rate=52.0)
    for name, first, factor in (("LinearAcceleration", 0, 1.0), ("AngularVelocity", 3, DEG)):
        unit = "" if first == 0 else " (dps)"
        header = "timestamp," + ",".join(f"{axis}{unit}" for axis in "xyz")
        (tmp_path / f"20260302T080000Z_174630000123_{name}.csv").write_text(
            table(header, [times * 1000, *xyz(values, first, factor)])
        )
    (group,), _ = motion_groups(tmp_path.iterdir())
    is_the_walk(read_motion(group.files[0], group.files[1:], now=now), rate=52.0)


def test_metawear_names_its_sensors_in_the_file_name(tmp_path: Path) -> None:
    times, values = walk(rate=100.0)
    for name, first, unit, factor in (
        ("Accelerometer", 0, "g", 1 / G),
        ("Gyroscope", 3, "deg/s", DEG),
    ):
        texts = [
            datetime.fromtimestamp(START_S + 3600 + t, UTC).strftime("%Y-%m-%dT%H.%M.%S.%f")[:-3]
            for t in times
        ]
        header = "epoc (ms),timestamp (+0100),elapsed (s)," + ",".join(
            f"{axis}-axis ({unit})" for axis in "xyz"
        )
        (tmp_path / f"MetaWear_2026-03-02T09.00.00.000_C8_{name}_100.000Hz_1.5.0.csv").write_text(
            table(
                header,
                [
                    [f"{round((START_S + t) * 1000)}" for t in times],
                    texts,
                    times,
                    *xyz(values, first, factor),
                ],
            )
        )
    (group,), _ = motion_groups(tmp_path.iterdir())
    assert len(group.files) == 2
    motion = read_motion(group.files[0], group.files[1:], now=now)
    is_the_walk(motion, rate=100.0)
    assert motion.start_ns == START_S * NS


def test_geotec_stamps_milliseconds_in_bursts(tmp_path: Path) -> None:
    times, values = walk()
    path = tmp_path / "s01_01_sp.csv"
    stamps = [f"{round((START_S + t) * 1000)}" for t in times[np.arange(len(times)) // 3 * 3]]
    path.write_text(
        table(
            "x_acc,y_acc,z_acc,x_gyro,y_gyro,z_gyro,timestamp,label",
            [*xyz(values, 0), *xyz(values, 3), stamps, ["SEATED"] * len(times)],
        )
    )
    is_the_walk(read_motion(path, now=now))


@pytest.mark.parametrize(
    "text",
    [
        "time,seconds_elapsed,z,y,x\n1,2,3,4,5\n",  # Magnetometer.csv
        "start_s,end_s,kind,label,region\n0,1,sound,dog,\n",
        "time,seconds_elapsed,bpm\n1,2,70\n",
        "",
        "\x00\x01\x02",
    ],
)
def test_other_files_are_no_motion(tmp_path: Path, text: str) -> None:
    path = tmp_path / "Magnetometer.csv"
    path.write_text(text)
    assert not is_motion(path)
    with pytest.raises(RecordingError, match=r"Magnetometer\.csv "):
        read_motion(path, now=now)
