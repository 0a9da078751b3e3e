"""The formats that an import can be restricted to: by kind, or by the maker of the files.

A maker's layout is recognised by its header, so naming one is only needed to skip everything else,
and for headers without units whose values another maker scales differently.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from collections.abc import Sequence

KINDS = ("auto", "sound", "motion")
_G = 9.80665
_DEGREE = math.pi / 180


@dataclass(frozen=True)
class Layout:
    """One maker's format of motion: `expected` in words, `pattern` somewhere in the header.

    `acc` and `gyro` convert values without a unit in the header to m/s² and rad/s; None if the
    maker names units, or they follow from the magnitude.
    """

    name: str
    expected: str
    pattern: str
    acc: float | None = None
    gyro: float | None = None

    def fits(self, names: Sequence[str]) -> bool:
        """Return whether the names in a header are those of this maker."""
        return re.search(self.pattern, ",".join(names), re.IGNORECASE) is not None


HEADERLESS = "{} without a header"  # placeholder for the header of makers whose files lack it
LAYOUTS = (
    Layout("sensor-logger", "columns time and seconds_elapsed", r"\bseconds_elapsed\b"),
    Layout(
        "phyphox",
        "columns Time (s) and Acceleration x (m/s^2) or Gyroscope x (rad/s), in any language",
        r"^\W*time \(s\)\W+(linear )?(accel|gyro|angular)"
        r"|^[^(),]+\(s\),[^(),]*(?<![a-z])[xyz](?![a-z])[^(),]*\((m/s(\^2|²)|rad/s)\)",
    ),
    Layout(
        "sensorlog",
        "columns accelerometerAccelerationX(G) or motionRotationRateX(rad/s)",
        r"\b(accelerometerAcceleration|motionRotationRate|gyroRotation)X\b",
    ),
    Layout("androsensor", "column ACCELEROMETER X (m/s²)", r"\baccelerometer x \(m/s"),
    Layout("physics-toolbox", "columns gFx, or ax and wx", r"\bgfx\b|\bwx\b"),
    Layout(
        "arduino",
        "columns millis or time, and ax or accX to az",
        r"\b(millis|micros|time|timestamp)\w*\b.*\b(imu_)?(a|ac|acc|accel|acl)_?x",
    ),
    Layout(
        "openearable",
        "columns sensor_accX[g] or acc.x to acc.z",
        r"\bsensor_acc|\bacc(elerometer)?[._ ]?x\b.*\bgyro(scope)?[._ ]?x\b",
    ),
    Layout(
        "esense",
        "columns timestamp and acc_x to gyro_z",
        r"\bacc\w*[_ .]?x\b.*\bgyro\w*[_ .]?x\b|\bax\b.*\bgx\b",
        # Counts at its default ranges, 4 g and 500 °/s.
        _G / 8_192,
        _DEGREE / 65.5,
    ),
    Layout(
        "empatica",
        "a start, a rate and counts of 1/64 g, as in ACC.csv",
        HEADERLESS.format("empatica"),
    ),
    Layout(
        "axivity",
        "a time and 3 or 6 numbers, without a header",
        HEADERLESS.format("axivity"),
    ),
    Layout("geneactiv", "a preamble with Device Type,GENEActiv", HEADERLESS.format("geneactiv")),
    Layout(
        "actigraph",
        "a preamble with Data File Created By ActiGraph",
        HEADERLESS.format("actigraph") + r"|^timestamp,accelerometer x,",
    ),
    Layout(
        "bids",
        "*_motion.tsv beside *_channels.tsv and *_motion.json",
        HEADERLESS.format("bids"),
    ),
    Layout("movesense", "columns timestamp and x to z", r"\btime\w*\b.*\bx\b.*\by\b.*\bz\b"),
    Layout("metawear", "columns epoch (ms) and x-axis (g)", r"\bepoch? \(ms\)"),
    Layout("radar-base", "columns value.time and value.x to value.z", r"\bvalue\.x\b"),
    Layout("hhar", "columns Arrival_Time and Creation_Time", r"\barrival_time,creation_time\b"),
)
FORMATS = (*KINDS, *(layout.name for layout in LAYOUTS))


def layout_of(as_format: str) -> Layout | None:
    """Return the maker's layout of that name, None for a kind of file.

    Raises `RecordingError` for a name that is not in `FORMATS`.
    """
    if as_format not in FORMATS:
        raise RecordingError(f"format is {as_format!r}; expected one of {', '.join(FORMATS)}")
    return next((layout for layout in LAYOUTS if layout.name == as_format), None)
