"""Finds the columns of time, acceleration and rotation from the header of any maker.

A name is split into words (`accelerometerAccelerationX(G)`, `Gyroscope x (rad/s)`, `acc_x_m_s2`,
`sensor_gyroX[°/s]`), so the maker need not be known. For bare `x`, `y`, `z` (Sensor Logger,
MetaWear, Movesense) the sensor follows from the unit or the file's name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from models.recordings.imports.motion.header_words import OTHER_SENSORS, OTHER_TIMES, TIME_WORDS
from models.recordings.imports.motion.unit_names import unit_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from models.recordings.imports.motion.dates import DayOrder

Sensor = Literal["acc", "linear", "gravity", "gyro"]

_BRACKET = re.compile(r"[(\[{<]([^)\]}>]*)[)\]}>]")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# Physics Toolbox writes gFx (with gravity), ax (without, where gFx is there) and wx; loggers on
# Arduino write ax and gx.
_SHORT: dict[str, tuple[Sensor, str | None]] = {
    "gf": ("acc", "g"),
    "a": ("acc", None),
    "g": ("gyro", None),
    "w": ("gyro", None),
    "omega": ("gyro", None),
    "accel": ("acc", None),
    "acc": ("acc", None),
    "acl": ("acc", None),
    "ac": ("acc", None),
    "gy": ("gyro", None),
    "gyr": ("gyro", None),
    "gyro": ("gyro", None),
    "rot": ("gyro", None),
    "lin": ("linear", None),
    "la": ("linear", None),
    "linacc": ("linear", None),
    "grav": ("gravity", None),
}
_STEMS: tuple[tuple[str, Sensor], ...] = (
    ("gyro", "gyro"),
    ("angularvelocity", "gyro"),
    ("rotationrate", "gyro"),
    ("linearacceleration", "linear"),
    ("linearaccelerometer", "linear"),
    ("useracceleration", "linear"),
    ("gravity", "gravity"),
)
# As files' names shorten them: Sensor Kinetics (accm, gyrm, grvm, lacm, magm), MobiAct (acc, ori).
_SHORT_NAMES: dict[str, Sensor | Literal["other"]] = {
    **dict.fromkeys(("acc", "accm", "acce"), "acc"),
    **dict.fromkeys(("lac", "lacm", "lacc", "linacc"), "linear"),
    **dict.fromkeys(("grv", "grvm", "grav"), "gravity"),
    **dict.fromkeys(("gyr", "gyrm", "gyro"), "gyro"),
    **dict.fromkeys(("mag", "magm", "magn", "ori", "orim", "quat", "rotm", "rotv"), "other"),
}
SHORT_NAME = re.compile(rf"(?<![a-z])(?:{'|'.join(_SHORT_NAMES)})(?![a-z])")
"""A sensor's short name in the name of a file in lower case."""
_NO_MOTION = ("magnet", "orientation", "compass", "location", "quaternion", "barometer", "gps")


@dataclass(frozen=True)
class TimeColumn:
    """A possible time column; `unit` is s, ms, us, ns or None, `zone` as in `+0100`.

    `order` is how dates with slashes are written, if the file says so.
    """

    index: int
    name: str
    unit: str | None
    zone: str | None = None
    order: DayOrder | None = None


@dataclass(frozen=True)
class Triple:
    """The x, y and z columns of one sensor; `factor`, if known, converts them to m/s² or rad/s."""

    sensor: Sensor
    indices: tuple[int, int, int]
    names: tuple[str, str, str]
    unit: str | None
    factor: float | None


@dataclass(frozen=True)
class Columns:
    """The columns of a header; `assumed`: acceleration is assumed from x, y and z alone.

    `by_units`: the sensors follow from the units alone, so "acc" may lack gravity.
    """

    times: tuple[TimeColumn, ...]
    triples: dict[Sensor, Triple]
    assumed: bool = False
    incomplete: tuple[str, ...] = ()  # columns of a sensor whose axes are not in one unit
    repeated: tuple[str, ...] = ()  # columns of a second sensor of one kind
    by_units: bool = False


def columns_of(names: Sequence[str], stem: str = "") -> Columns | None:
    """Return the columns of a header, or None unless it has time and one sensor's x, y and z."""
    times: list[TimeColumn] = []
    axes: dict[tuple[Sensor | None, str | None], dict[str, int]] = {}
    repeated: list[str] = []
    for index, name in enumerate(names):
        time = _time(index, name)
        if time is not None:
            times.append(time)
            continue
        axis = _axis(name)
        if axis is not None:
            sensor, unit, letter = axis
            if axes.setdefault((sensor, unit), {}).setdefault(letter, index) != index:
                repeated.append(name)
    triples: dict[Sensor, Triple] = {}
    assumed = False
    # Of two triples of one sensor, the one with a unit (Physics Toolbox: gFx before ax).
    axes = _add_unitless(axes)
    for (named, unit), axis_columns in sorted(axes.items(), key=lambda item: item[0][1] is None):
        if len(axis_columns) < 3:
            continue
        sensor = named
        if sensor is None:
            sensor, assumed = _sensor_of_file(stem, unit)
        if sensor is None or sensor in triples:
            continue
        indices = (axis_columns["x"], axis_columns["y"], axis_columns["z"])
        kind: Literal["acc", "gyro"] = "gyro" if sensor == "gyro" else "acc"
        triples[sensor] = Triple(
            sensor,
            indices,
            (names[indices[0]], names[indices[1]], names[indices[2]]),
            unit,
            unit_of(unit, kind) if unit else None,
        )
    if not times or not triples:
        return None
    incomplete = tuple(
        names[index]
        for (sensor, _), axis_columns in axes.items()
        if sensor is not None and sensor not in triples
        for index in axis_columns.values()
    )
    return Columns(tuple(times), triples, assumed, incomplete, repeated=tuple(repeated))


def _add_unitless(
    axes: dict[tuple[Sensor | None, str | None], dict[str, int]],
) -> dict[tuple[Sensor | None, str | None], dict[str, int]]:
    """Add axes without a unit to the others of their sensor, if exactly these are missing there."""
    for sensor, unit in list(axes):
        bare = axes.get((sensor, None), {})
        if unit is None or len(axes[sensor, unit]) == 3 or len(bare) == 3:
            continue
        both = {**bare, **axes[sensor, unit]}
        if len(both) == 3:
            axes[sensor, unit] = both
            axes.pop((sensor, None), None)
    return axes


def stem_of(path: Path) -> str:
    """Return the name that gives a file's sensor: its own, or its folder's if its own is a time."""
    return path.stem if re.search("[A-Za-z]", path.stem) else f"{path.parent.name}_{path.stem}"


def sensor_of_stem(stem: str) -> Sensor | Literal["other"] | None:
    """Return the sensor in a file's name: `WatchAccelerometer`, `..._Gyroscope_100Hz`, `walk_gyrm`.

    It is `other` for one that is not read, None where the name has none.
    """
    lower = stem.lower()
    plain = re.sub(r"[^a-z]", "", lower)
    if any(word in plain for word in _NO_MOTION):
        return "other"
    named = next((sensor for word, sensor in _STEMS if word in plain), None)
    short = SHORT_NAME.search(lower)
    if named is None and short is not None:
        return _SHORT_NAMES[short[0]]
    return named or ("acc" if "acc" in plain else None)


def _sensor_of_file(stem: str, unit: str | None) -> tuple[Sensor | None, bool]:
    sensor = sensor_of_stem(stem)
    if sensor == "other":
        return None, False
    if unit is not None:
        if unit_of(unit, "gyro") is not None:
            return "gyro", False
        if unit_of(unit, "acc") is None:
            return None, False
        return sensor or "acc", False
    return (sensor, False) if sensor else ("acc", True)


def _words(name: str) -> list[str]:
    plain = _CAMEL.sub("_", _BRACKET.sub(" ", name))
    return [word for word in re.split(r"[^a-z0-9]+", plain.lower()) if word]


def _bracket(name: str) -> str | None:
    match = _BRACKET.search(name)
    return match[1].strip() if match and match[1].strip() else None


def _time(index: int, name: str) -> TimeColumn | None:
    if re.match(r"^\s*y{2,4}[^a-z]*m[mo]", name.lower()):  # AndroSensor: YYYY-MO-DD HH-MI-SS_SSS
        return TimeColumn(index, name, None)
    words = _words(name)
    if not words or OTHER_TIMES & set(words):
        return None
    flat = "".join(words)
    if not (
        TIME_WORDS & set(words) or flat in {"ms", "us", "ns", "sec", "s"} or _is_joined_word(words)
    ):
        return None
    bracket = _bracket(name)
    unit = time_unit(bracket) if bracket else None
    zone = bracket if bracket and re.fullmatch(r"[+-]?\d\d:?\d\d", bracket) else None
    if unit is None:
        unit = next((u for u in map(time_unit, reversed(words)) if u), None)
    return TimeColumn(index, name, unit, zone)


def _is_joined_word(words: list[str]) -> bool:
    return any(re.fullmatch(r"(time|timestamp|elapsed|utc)(s|ms|us|ns)?", word) for word in words)


def time_unit(text: str) -> str | None:
    """Return s, ms, us or ns for a unit of time in any spelling, None for other text."""
    plain = text.lower().strip().replace("µ", "u").replace("μ", "u")
    for unit, spellings in {
        "ns": ("ns", "nanos", "nanosec", "nanoseconds", "timens", "timestampns", "нс"),
        "us": ("us", "micros", "microsec", "microseconds", "usec", "timeus", "timestampus", "мкс"),
        "ms": ("ms", "millis", "msec", "millisec", "milliseconds", "millisecond", "timems", "мс"),
        "s": ("s", "sec", "secs", "second", "seconds", "since1970", "с", "сек"),
    }.items():
        if plain in spellings or (unit == "ms" and plain == "timestampms"):
            return unit
    return None


def _axis(name: str) -> tuple[Sensor | None, str | None, str] | None:
    """Return sensor, unit and axis of a column; the sensor is None if the name is only an axis."""
    unit = _bracket(name)
    words = _words(name)
    if unit is None:
        words, unit = _unit_tail(words)
    if not words or OTHER_SENSORS & set(words):
        return None
    short = re.fullmatch(r"([a-z]+?)([xyz])", "".join(words))
    if short and short[1] in _SHORT:
        sensor, usual = _SHORT[short[1]]
        return sensor, unit or usual, short[2]
    letters = [word for word in words if word in {"x", "y", "z"}]
    if unit is None and len(letters) == 1 and words[-1] not in {"x", "y", "z", "axis"}:
        after = words[words.index(letters[0]) + 1 :]
        if after and _sensor(after) is None and words.index(letters[0]):
            # An unknown unit is still a unit.
            words, unit = words[: words.index(letters[0]) + 1], "_".join(after)
    rest = [word for word in words if word not in {"x", "y", "z", "axis"}]
    if not letters:
        glued = re.fullmatch(r"([a-z]{3,})([xyz])", words[-1])
        if glued is None:
            return None
        letters, rest = [glued[2]], [*words[:-1], glued[1]]
    if len(letters) > 1:
        return None
    if not rest or rest == ["value"]:  # RADAR-base: value.x
        return None, unit, letters[0]
    known = _sensor(rest)
    return None if known is None else (known, unit, letters[0])


def _sensor(words: list[str]) -> Sensor | None:
    flat = "".join(words)
    if "uncal" in flat and "bias" in flat:
        return None
    if any(word in {"gravity", "grav"} for word in words):
        return "gravity"
    if "gyr" in flat or "rotationrate" in flat or "angularvel" in flat or flat == "angvel":
        return "gyro"
    if flat in {"rotation", "omega", "w", "g", "angularrate", "turnrate"}:
        return "gyro"
    if "acc" in flat or "acl" in words:
        linear = {"linear", "lin", "user", "linacc", "linearacc"} & set(words)
        return "linear" if linear or "linearacc" in flat or "useracc" in flat else "acc"
    return "acc" if flat in {"a", "gforce", "gf"} else None


def _unit_tail(words: list[str]) -> tuple[list[str], str | None]:
    """Split `acc_x_m_s2` into words and unit."""
    for length in (3, 2, 1):
        if len(words) <= length:
            continue
        tail = "_".join(words[-length:])
        if unit_of(tail, "acc") is not None or unit_of(tail, "gyro") is not None:
            head = words[:-length]
            if any(re.search(r"(^|[a-z])[xyz]$", word) for word in head):
                return head, tail
    return words, None
