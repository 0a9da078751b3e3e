"""Columns whose names are in any language: known by their units and the letter of their axis.

phyphox's experiments name their columns themselves: `Zeit (s)`, `Beschleunigung x (m/s^2)`,
`Giroscopio x (rad/s)`, `x方向加速度計 (m/s²)`; loggers write `Zeitstempel`, `Beschleunigung X (g)`.
The time comes first, in a unit or by a word for time or date. A unit tells acceleration from
rotation; whether acceleration holds gravity is told by few languages, and else by its values.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Literal

import numpy as np

from models.recordings.imports.motion.columns import (
    Columns,
    Sensor,
    TimeColumn,
    Triple,
    columns_of,
    time_unit,
)
from models.recordings.imports.motion.header_words import OTHER_SENSORS, OTHER_TIMES
from models.recordings.imports.motion.unit_names import G, unit_of
from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_QUANTITY = re.compile(r"\s*(?P<what>[^()]*[^()\s])\s*\((?P<unit>[^()]+)\)\s*")
# Letters of other scripts may touch an axis, as in x方向.
_AXIS = re.compile(r"(?<![a-z])[xyz](?![a-z])")
# How the translations of phyphox-experiments call linear acceleration; some do not say it.
_LINEAR = re.compile(
    r"\blin[ei]|dogrusal|tuyen tinh|γραμμικ|линеин|線性|线性|წრფივ|रेखीय", re.IGNORECASE
)
# How a column begins whose name is time, hour or date, without accents.
_TIME = re.compile(
    r"(uhr)?zeit|datum|temps|date|heure|horodat|tiempo|fecha|hora\b|tempo\b|data\b|ora\b|tijd|czas"
    r"|cas\b|время|дата|χρονος|ημερομηνια|時間|时间|時刻|日時|zaman|tarih|thoi gian|aika|tid\b"
)
# A magnetometer's G is Gauss.
_MAGNETIC = re.compile(r"magn|manyet|магнит|μαγνητ|磁|tu truong")
_AVERAGED_S = 2.0  # longer than a stride, shorter than a body keeps turning
_MIN_WITH, _MAX_WITH = 0.75 * G, 1.25 * G
_MAX_WITHOUT = 0.25 * G
# The norm of a phone's gravity is exact; a phone at rest has a noise of 0.001 of it or more.
_EXACT = 1e-4


def columns_in_any_language(names: Sequence[str], stem: str = "") -> Columns | None:
    """Return the columns by their names, as `columns_of`, or else by units; None for neither."""
    return columns_of(names, stem) or _by_units(names)


def sensor_of_values(
    triple: Triple, times_s: NDArray[np.float64], acc: NDArray[np.float64]
) -> Sensor:
    """Return what values (n, 3) of acceleration hold: "acc", "linear" or "gravity".

    They are in the unit of `triple`; `times_s` (n,) ascend. Raises `RecordingError` if the values
    do not tell.
    """
    if len(acc) < 2:
        return triple.sensor
    acc = acc * (triple.factor or 1.0)
    step_s = float(np.median(np.diff(times_s)))
    rows = min(max(round(_AVERAGED_S / step_s), 1) if step_s > 0 else len(acc), len(acc))
    blocks = acc[: len(acc) // rows * rows].reshape(-1, rows, 3)
    mean = float(np.median(np.linalg.norm(blocks.mean(axis=1), axis=1)))
    if _MIN_WITH < mean < _MAX_WITH:
        exact = float(np.linalg.norm(acc, axis=1).std()) < _EXACT * mean
        return "gravity" if exact else "acc"
    if mean < _MAX_WITHOUT:
        return "linear"
    raise RecordingError(
        f"columns {triple.names[0]!r} to {triple.names[2]!r} average {mean:.3g} m/s2 over "
        f"{_AVERAGED_S:g} s, neither 9.8 (acceleration with gravity) nor 0 (without); name them "
        "'Acceleration x (m/s^2)' or 'Linear Acceleration x (m/s^2)'"
    )


def _by_units(names: Sequence[str]) -> Columns | None:
    time = _time(names[0]) if names else None
    if time is None:
        return None
    axes: dict[tuple[Sensor, str, str], dict[str, int]] = {}
    for index, name in enumerate(names):
        axis = _axis(name)
        if axis is not None:
            sensor, what, unit, letter = axis
            axes.setdefault((sensor, what, unit), {}).setdefault(letter, index)
    triples: dict[Sensor, Triple] = {}
    for (sensor, _, unit), its in axes.items():
        if len(its) < 3:
            continue
        if sensor in triples:
            return None
        indices = (its["x"], its["y"], its["z"])
        named = (names[indices[0]], names[indices[1]], names[indices[2]])
        factor = unit_of(unit, "gyro" if sensor == "gyro" else "acc")
        triples[sensor] = Triple(sensor, indices, named, unit, factor)
    if not triples:
        return None
    return Columns((time,), triples, by_units=True)


def _time(name: str) -> TimeColumn | None:
    """Return the first column if it is a time: by its unit, or else by its name."""
    match = _QUANTITY.fullmatch(name)
    if _is_other(name if match is None else match["what"]):
        return None
    if match is None:
        return TimeColumn(0, name, None) if _TIME.match(_plain(name).strip()) else None
    unit = time_unit(match["unit"])
    return None if unit is None else TimeColumn(0, name, unit)


def _axis(name: str) -> tuple[Sensor, str, str, str] | None:
    """Return sensor, quantity without the axis, unit, and axis of acceleration or rotation."""
    match = _QUANTITY.fullmatch(name)
    if match is None or _is_other(match["what"]):
        return None
    what, unit = _plain(match["what"]), match["unit"].strip()
    letters = _AXIS.findall(what)
    if len(letters) != 1 or _MAGNETIC.search(what):
        return None
    what = _AXIS.sub("", what)
    kinds: tuple[Literal["acc", "gyro"], ...] = ("acc", "gyro")
    kind = next((k for k in kinds if unit_of(unit, k) is not None), None)
    if kind is None:
        return None
    # As they are called in what is said of a file.
    unit = {"acc": "m/s2", "gyro": "rad/s"}[kind] if unit_of(unit, kind) == 1.0 else unit
    linear = kind == "acc" and _LINEAR.search(what)
    return ("linear" if linear else kind), what, unit, letters[0]


def _plain(text: str) -> str:
    """Return lower-case text without accents."""
    parts = unicodedata.normalize("NFKD", text.lower().replace("ı", "i"))
    return "".join(part for part in parts if not unicodedata.combining(part))


def _is_other(text: str) -> bool:
    return bool((OTHER_SENSORS | OTHER_TIMES) & set(re.findall(r"\w+", text.lower())))
