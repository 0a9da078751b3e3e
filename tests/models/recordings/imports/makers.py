"""Recordings of `wearer.walk` as makers' programs write them, whole exports with their extras."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from tests.models.recordings.imports.motion.wearer import START_S, G, ns, table, walk

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SECONDS = 60.0
DEGREES = 180 / np.pi
METADATA_HEADER = (
    "version,device name,recording epoch time,recording time,recording timezone,platform,"
    "appVersion,device id,sensors,sampleRateMs,standardisation,platform version"
)
# Local time, as folders are named; Metadata.csv tells UTC.
SENSOR_LOGGER_FOLDER = "2026-03-02_09-00-00"

Columns = list["NDArray[np.float64]"]


def xyz(
    values: NDArray[np.float64], first: int, factor: float = 1.0, order: str = "xyz"
) -> Columns:
    """Return three columns in an order."""
    return [values[:, first + "xyz".index(axis)] * factor for axis in order]


def metadata(platform: str, device: str, standardised: bool = False) -> str:
    """Return a `Metadata.csv` of Sensor Logger."""
    row = (
        f"3,{device},{round(START_S * 1000)},2026-03-02_08-00-00,Europe/Berlin,{platform},1.59,"
        f"abc,Accelerometer|Annotation,20|,{str(standardised).lower()},26.5"
    )
    return f"{METADATA_HEADER}\n{row}\n"


def annotation(*marks: tuple[float, str]) -> str:
    """Return an `Annotation.csv` of Sensor Logger: seconds from the start and texts."""
    rows = [f"{round((START_S + at) * 1e9):d},{at},{text},180\n" for at, text in marks]
    return "time,seconds_elapsed,text,millisecond_press_duration\n" + "".join(rows)


def _sensor_logger_table(times: NDArray[np.float64], columns: Columns) -> str:
    return table("time,seconds_elapsed,z,y,x", [ns(times), times, *columns])


def _zip(path: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def sensor_logger_android(folder: Path) -> Path:
    """Total and linear acceleration, gravity and gyroscope, m/s² and rad/s; loudness as CSV."""
    times, values = walk(SECONDS)
    gravity = np.zeros((len(times), 3))
    gravity[:, 2] = G
    return _zip(
        folder / f"Walk-{SENSOR_LOGGER_FOLDER}.zip",
        {
            "TotalAcceleration.csv": _sensor_logger_table(times, xyz(values, 0, order="zyx")),
            "Accelerometer.csv": _sensor_logger_table(
                times, xyz(values[:, :3] - gravity, 0, order="zyx")
            ),
            "Gravity.csv": _sensor_logger_table(times, xyz(gravity, 0, order="zyx")),
            "Gyroscope.csv": _sensor_logger_table(times, xyz(values, 3, order="zyx")),
            "Microphone.csv": table(
                "time,seconds_elapsed,dBFS", [ns(times), times, times * 0 - 40]
            ),
            "Metadata.csv": metadata("android", "Pixel 8"),
            "Annotation.csv": annotation((0, "walking"), (30.5, "standing"), (50, "end")),
        },
    )


def sensor_logger_json(folder: Path) -> Path:
    """The same recording as `sensor_logger_android`, as one JSON array in which all is text."""
    with zipfile.ZipFile(sensor_logger_android(folder)) as archive:
        tables = {
            name.removesuffix(".csv"): archive.read(name).decode() for name in archive.namelist()
        }
    entries = [
        {"sensor": sensor, **row}
        for sensor in sorted(tables, key=lambda name: name != "Metadata")
        for row in csv.DictReader(io.StringIO(tables[sensor]))
    ]
    (folder / f"Walk-{SENSOR_LOGGER_FOLDER}.zip").unlink()
    path = folder / f"Walk-{SENSOR_LOGGER_FOLDER}.json"
    path.write_text(json.dumps(entries))
    return path


def sensor_logger_ios(folder: Path) -> Path:
    """Gravity apart and all of it pointing down; AirPods in g; a watch by WristMotion, in g."""
    times, values = walk(SECONDS, 100.0)
    slow, turned = walk(SECONDS, 25.0)
    down = np.zeros((len(times), 3))
    down[:, 2] = -G
    user = -values[:, :3] - down
    zero = slow * 0
    head = -turned[:, :3] - np.array([0.0, 0.0, -G])
    motion = "rotationRateX,rotationRateY,rotationRateZ,gravityX,gravityY,gravityZ,"
    motion += "accelerationX,accelerationY,accelerationZ,quaternionW"
    head_columns = [*xyz(turned, 3), zero, zero, zero - G, *xyz(head, 0, 1 / G), zero + 1]
    wrist_columns = [*xyz(turned, 3), zero, zero, zero - 1, *xyz(head, 0, 1 / G), zero + 1]
    return _zip(
        folder / f"{SENSOR_LOGGER_FOLDER}.zip",
        {
            "Accelerometer.csv": _sensor_logger_table(times, xyz(user, 0, order="zyx")),
            "Gravity.csv": _sensor_logger_table(times, xyz(down, 0, order="zyx")),
            "Gyroscope.csv": _sensor_logger_table(times, xyz(values, 3, order="zyx")),
            "Headphone.csv": table(
                f"time,seconds_elapsed,{motion}", [ns(slow), slow, *head_columns]
            ),
            "WristMotion.csv": table(
                f"time,seconds_elapsed,{motion}", [ns(slow), slow, *wrist_columns]
            ),
            "Microphone.wav": _tone(),
            "Metadata.csv": metadata("ios", "Anna's iPhone"),
            "Annotation.csv": annotation((10, "Reading books"), (20, "sitting")),
        },
    )


def _tone() -> bytes:
    wave = 0.2 * np.sin(np.arange(round(SECONDS * 16_000)) / 9)
    file = io.BytesIO()
    soundfile.write(file, wave.astype(np.float32), 16_000, format="WAV")
    return file.getvalue()


PHYPHOX_DEVICE = '"property";"value"\n"version";"1.2.0"\n"deviceModel";"Pixel 6a"\n'


def phyphox_times() -> str:
    """Return a `meta/time.csv`: 60 s with a pause of 12 s in the middle."""
    rows = [("START", 0, 0), ("PAUSE", 30, 30), ("START", 30, 42), ("PAUSE", 60, 72)]
    zone = timezone(timedelta(hours=1))
    lines = ['"event";"experiment time";"system time";"system time text"']
    for event, own, system in rows:
        date = datetime.fromtimestamp(START_S + system, zone).strftime("%Y-%m-%d %H:%M:%S.000")
        lines.append(f'"{event}";{own:.9E};{START_S + system:.3f};"{date} UTC+01:00"')
    return "\n".join(lines).replace(".", ",") + "\n"


def phyphox(folder: Path) -> Path:
    """Semicolons and decimal commas, times from the first start, a pause of 12 s after 30 s."""
    times, values = walk(SECONDS)
    files: dict[str, str | bytes] = {}
    for name, first, unit in (("Acceleration", 0, "m/s^2"), ("Gyroscope", 3, "rad/s")):
        header = ";".join(['"Time (s)"', *(f'"{name} {axis} ({unit})"' for axis in "xyz")])
        text = table(header, [times, *xyz(values, first)], ";").replace(".", ",")
        files[f"{'Accelerometer' if first == 0 else name}.csv"] = text
    files["meta/time.csv"] = phyphox_times()
    files["meta/device.csv"] = PHYPHOX_DEVICE
    return _zip(folder / "Acceleration 2026-03-02 09-00-00.zip", files)


def sensorlog(folder: Path) -> Path:
    """An iPhone's SensorLog: dates in words, clocks since reboot, g."""
    times, values = walk(SECONDS, 100.0)
    texts = [
        datetime.fromtimestamp(START_S + t, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+00:00"
        for t in times
    ]
    path = folder / "2026-03-02_09_00_00_my_iOS_device.csv"
    path.write_text(
        table(
            "loggingTime(txt),loggingSample(N),locationTimestamp_since1970(s),"
            "accelerometerTimestamp_sinceReboot(s),accelerometerAccelerationX(G),"
            "accelerometerAccelerationY(G),accelerometerAccelerationZ(G),"
            "gyroTimestamp_sinceReboot(s),gyroRotationX(rad/s),gyroRotationY(rad/s),"
            "gyroRotationZ(rad/s),motionYaw(rad),motionUserAccelerationX(G),"
            "activityTimestamp_sinceReboot(s),label(N)",
            [
                texts,
                np.arange(len(times)) + 1.0,
                times * 0 + START_S,
                times + 62_608.0,
                *xyz(values, 0, 1 / G),
                times + 62_608.0,
                *xyz(values, 3),
                times * 0,
                times * 0,
                times * 0 + 62_608.0,
                ["0"] * len(times),
            ],
        )
    )
    return path


def androsensor(folder: Path) -> Path:
    """A line for Excel before the header, semicolons, Latin-1, the date in the last column."""
    times, values = walk(SECONDS)
    texts = [
        datetime.fromtimestamp(START_S + t, UTC).strftime("%Y-%m-%d %H:%M:%S:%f")[:-3]
        for t in times
    ]
    zero = times * 0
    header = ";".join(
        [
            *(f"ACCELEROMETER {axis} (m/s²)" for axis in "XYZ"),
            *(f"GRAVITY {axis} (m/s²)" for axis in "XYZ"),
            *(f"LINEAR ACCELERATION {axis} (m/s²)" for axis in "XYZ"),
            *(f"GYROSCOPE {axis} (rad/s)" for axis in "XYZ"),
            "LIGHT (lux)",
            *(f"MAGNETIC FIELD {axis} (µT)" for axis in "XYZ"),
            "SOUND LEVEL (dB)",
            "Time since start in ms ",
            "YYYY-MO-DD HH-MI-SS_SSS",
        ]
    )
    columns = [*xyz(values, 0), zero, zero, zero + G, *xyz(values[:, :3] - [0, 0, G], 0)]
    columns += [*xyz(values, 3), zero, zero, zero, zero, zero, times * 1000]
    path = folder / "Sensor_record_20260302_080000_AndroSensor.csv"
    path.write_bytes(("sep=;\n" + table(header, [*columns, texts], ";")).encode("latin-1"))
    return path


def esense(folder: Path) -> Path:
    """Counts at its default ranges (4 g, 500 °/s), stamped by milliseconds in bursts."""
    times, values = walk(SECONDS)
    bursts = times[np.arange(len(times)) // 5 * 5]
    path = folder / "eSense-0362.csv"
    path.write_text(
        table(
            "timestamp,packetIndex,acc_x,acc_y,acc_z,gyro_x,gyro_y,gyro_z",
            [
                [f"{round((START_S + t) * 1000)}" for t in bursts],
                np.arange(len(times)) % 256 + 0.0,
                *(np.round(column * 8_192 / G) for column in xyz(values, 0)),
                *(np.round(column * 65.5 * DEGREES) for column in xyz(values, 3)),
            ],
        )
    )
    return path


def openearable(folder: Path) -> Path:
    """The dashboard's recorder: milliseconds since 1970, g and °/s, a label for each button."""
    times, values = walk(SECONDS)
    path = folder / "recording_OpenEarable.csv"
    path.write_text(
        table(
            "time,sensor_accX[g],sensor_accY[g],sensor_accZ[g],sensor_gyroX[°/s],"
            "sensor_gyroY[°/s],sensor_gyroZ[°/s],sensor_magX[µT],sensor_magY[µT],sensor_magZ[µT],"
            "sensor_pressure[hPa],sensor_temperature[°C],labeling_OpenEarable_chew",
            [
                [f"{round((START_S + t) * 1000)}" for t in times],
                *xyz(values, 0, 1 / G),
                *xyz(values, 3, DEGREES),
                *xyz(values, 0),
                times * 0 + 1_013,
                times * 0 + 31,
                [""] * len(times),
            ],
        ),
        encoding="utf-8",
    )
    return path


def radar_base(folder: Path) -> Path:
    """An hour's files of a phone, shrunk by gzip, in a folder for each sensor; g and rad/s."""
    times, values = walk(SECONDS)
    header = "key.projectId,key.userId,key.sourceId,value.time,value.timeReceived,"
    header += "value.x,value.y,value.z"
    names = [["p"] * len(times), ["u"] * len(times), ["s"] * len(times)]
    stamps = [f"{START_S + t:.3f}" for t in times]
    received = [f"{START_S + 60 + t // 10 * 10:.3f}" for t in times]
    for sensor, first, factor in (("acceleration", 0, 1 / G), ("gyroscope", 3, 1.0)):
        text = table(header, [*names, stamps, received, *xyz(values, first, factor)])
        path = folder / "u" / f"android_phone_{sensor}" / "20260302_0800.csv.gz"
        path.parent.mkdir(parents=True)
        path.write_bytes(gzip.compress(text.encode()))
    return folder / "u"


def empatica(folder: Path) -> Path:
    """An E4's session: acceleration only, in 1/64 g, beside files that hold no motion."""
    _, values = walk(SECONDS, 32.0)
    rows = "\n".join(",".join(f"{v:.0f}" for v in row) for row in values[:, :3] * 64 / G)
    start, rate = ", ".join([f"{START_S:.6f}"] * 3), ", ".join(["32.000000"] * 3)
    single = f"{START_S:.6f}\n4.000000\n" + "0.1\n" * round(4 * SECONDS)
    return _zip(
        folder / "1772438400_A01234.zip",
        {
            "ACC.csv": f"{start}\n{rate}\n{rows}\n",
            "BVP.csv": single,
            "EDA.csv": single,
            "HR.csv": single,
            "IBI.csv": f"{START_S:.6f}, IBI\n1.5,0.8\n",
            "TEMP.csv": single,
            "tags.csv": f"{START_S + 3:.2f}\n",
            "info.txt": "The first row is the initial time of the session.\n",
        },
    )
