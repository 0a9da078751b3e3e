"""Finds the time column, its unit, and whether its dates are plausible."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from models.recordings.imports.motion.dates import (
    SERIAL_DAYS,
    day_order,
    day_time_of_slashes,
    is_day,
    parse_date,
    parse_day,
    parse_daytime,
    parse_minutes,
    zone_of,
)
from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from models.recordings.imports.motion.columns import TimeColumn
    from models.recordings.imports.motion.dates import DayOrder

SCALES = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
LONG_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}

YEAR_2000_S = 946_684_800.0
AHEAD_S = 86_400.0
_MAX_UPTIME_S = 1e8  # three years; above that a small number is a broken date
_APPLE_S = 978_307_200.0  # 2001-01-01, Apple's epoch
_STEPS_S = (1 / 900, 1 / 8)
_UNREAD = (
    "column {!r}: {!r} may begin with the day or the month, so the date is not read; write the "
    "year first, as 2026-03-02"
)
_NO_DAYTIME = (
    "column {!r}: {!r} is not read, because no column has the time of the day as 08:00:00; --start "
    "sets it"
)
_NO_ZONE = "column {!r} names no time zone: taken as UTC"

_DAY_S = 86_400.0
_HOUR_S = 3_600.0
COUNTER = 2.0**32  # where counters of microcontrollers begin anew


@dataclass(frozen=True)
class Clock:
    """How to read a time column: `parse` (None for plain numbers) returns units of `scale` seconds.

    `epoch`: they count from 1970. `local`: in a time zone that is not named, which may change to
    summer time and back. `turn_s`: the clock begins anew after as long. `daytime`: it is only the
    date of a day, whose time this one tells.
    """

    column: TimeColumn
    scale: float
    epoch: bool
    parse: Callable[[str], float] | None = None
    warnings: tuple[str, ...] = ()
    local: bool = False
    turn_s: float | None = None
    daytime: Clock | None = None


def clock_of(
    columns: Sequence[TimeColumn], rows: Sequence[Sequence[str]], now_s: float
) -> tuple[Clock, Clock | None]:
    """Return the clock for the spacing of the rows, and one for the date if the first has none.

    `rows` are fields of the first rows. Raises `RecordingError` if no column can be a clock, or if
    its dates are before 2000 or more than a day after `now_s`, with the likely cause.
    """
    clocks: list[Clock] = []
    refused: list[RecordingError] = []
    for column in columns:
        texts = [row[column.index] for row in rows if column.index < len(row)]
        try:
            clock = _numeric(column, texts, now_s) or _text(column, texts, now_s)
        except RecordingError as error:
            refused.append(error)
            continue
        if clock is not None:
            clocks.append(clock)
    # A finer clock beside it tells more.
    clocks = clocks or [
        Clock(column, 1.0, epoch=True)
        for column in columns
        if _counts_whole_seconds(
            [row[column.index] for row in rows if column.index < len(row)], now_s
        )
    ]
    if not clocks:
        if refused:
            raise refused[0]
        names = ", ".join(f"{column.name!r} ({_shown(column, rows)})" for column in columns)
        verb = "does not" if len(columns) == 1 else "do not"
        raise RecordingError(
            f"has no column that counts time: {names} {verb}; expected ascending seconds or ms, "
            "or dates as 2026-03-02T08:00:00.020Z"
        )
    # Numbers before text, dates before times of day; of these the finest resolution.
    spacing = min(clocks, key=lambda c: (c.parse is not None, not c.epoch, c.scale))
    if spacing.epoch:
        return spacing, None
    dating = next((clock for clock in clocks if clock.epoch), None)
    if dating is None:
        daytime = next((clock for clock in clocks if clock.parse is parse_daytime), None)
        dating, warnings = _day(columns, rows, daytime, now_s)
        spacing = replace(spacing, warnings=(*spacing.warnings, *warnings))
    return spacing, dating


def _shown(column: TimeColumn, rows: Sequence[Sequence[str]]) -> str:
    texts = [row[column.index] for row in rows if column.index < len(row)]
    if len(texts) > 1 and len(set(texts)) == 1:
        return f"always {texts[0][:40]!r}"
    return " then ".join(repr(text[:40]) for text in texts[:2]) or "empty"


def _day(
    columns: Sequence[TimeColumn],
    rows: Sequence[Sequence[str]],
    daytime: Clock | None,
    now_s: float,
) -> tuple[Clock | None, tuple[str, ...]]:
    """Return the column of dates beside one of times of day, or a warning if it is not read."""
    times = () if daytime is None else (daytime.column.index,)
    warnings: tuple[str, ...] = ()
    for column in columns:
        whole = [row for row in rows if max(column.index, *times, 0) < len(row)]
        days = [row[column.index] for row in whole]
        zone = zone_of(column.zone)
        # AM and PM beside the date tell how it is written, as in one column.
        texts = [" ".join([row[column.index], *(row[at] for at in times)]) for row in whole]
        order = column.order or day_order(texts)
        parse = partial(parse_day, zone=zone or UTC, order=order)
        values = _parse(parse, days)
        enough = max(1, 0.5 * len(rows))
        read = len(values) >= enough and possible(np.array(values), now_s).all()
        if read and daytime is not None:
            said = (*(() if zone else (_NO_ZONE.format(column.name),)), *_read(column, days, order))
            return Clock(column, 1.0, True, parse, said, zone is None, daytime=daytime), ()
        if read or sum(map(is_day, days)) >= enough:
            why = _NO_DAYTIME if daytime is None else _UNREAD
            warnings = (why.format(column.name, days[0]),)
    return None, warnings


def _read(column: TimeColumn, texts: Sequence[str], order: DayOrder | None) -> tuple[str, ...]:
    """Return how dates with slashes are read, if they are."""
    if order is None or re.match(r"\s*\d{4}", texts[0]):
        return ()
    return (f"column {column.name!r}: {texts[0]!r} is read {order}",)


def possible(times_s: NDArray[np.float64], now_s: float) -> NDArray[np.bool_]:
    """Return which of epoch seconds (n,) are plausible for a recording, (n,)."""
    return np.asarray((times_s >= YEAR_2000_S) & (times_s <= now_s + AHEAD_S))


def _numeric(column: TimeColumn, texts: Sequence[str], now_s: float) -> Clock | None:
    numbers = [number for number in map(_float, texts) if np.isfinite(number)]
    if len(numbers) < 0.5 * len(texts) or len(numbers) < 2:
        return None
    values = np.array(numbers)
    if np.median(np.diff(values)) < 0:  # from the latest to the earliest
        values = values[::-1]
    rewound = np.diff(values, prepend=values[0]) < -COUNTER / 2
    turns = bool(rewound.any()) and float(values.max()) < COUNTER
    values = values + COUNTER * np.cumsum(rewound) if turns else values
    rising = np.maximum.accumulate(values)
    if len(np.unique(values)) < max(2, 0.05 * len(values)):
        return None
    steps = np.diff(rising)
    middle = float(np.median(values))
    typical = float(np.median(steps))
    mean = float(np.median(values[-5:]) - np.median(values[:5])) / max(len(values) - 5, 1)
    return _unit(column, middle, (typical, mean), now_s)


def _counts_whole_seconds(texts: Sequence[str], now_s: float) -> bool:
    """Return whether these are seconds since 1970 without fractions, many rows to each."""
    values = np.array([_float(text) for text in texts])
    if not len(values) or not np.isfinite(values).all() or (values != np.round(values)).any():
        return False
    ascending = bool((np.diff(values) >= 0).all()) and values[-1] > values[0]
    return ascending and bool(possible(values, now_s).all())


def _unit(column: TimeColumn, middle: float, steps: tuple[float, float], now_s: float) -> Clock:
    named = column.unit
    order = [*([named] if named else []), *(unit for unit in SCALES if unit != named)]
    fits = {
        unit: any(_STEPS_S[0] <= step * SCALES[unit] <= _STEPS_S[1] for step in steps)
        for unit in order
    }
    kinds = {unit: _kind(middle * SCALES[unit], now_s) for unit in order}
    best = [unit for unit in order if fits[unit] and kinds[unit] == "epoch"]
    best += [unit for unit in order if fits[unit] and kinds[unit] == "relative"]
    if named and kinds[named] is not None and (fits[named] or not best):
        return Clock(column, SCALES[named], kinds[named] == "epoch")
    if best:
        warnings: tuple[str, ...] = ()
        if named:
            warnings = (
                f"column {column.name!r} holds {LONG_NAMES[best[0]]}, not {LONG_NAMES[named]}: "
                f"read as such; rename it, as time_{best[0]}",
            )
        return Clock(column, SCALES[best[0]], kinds[best[0]] == "epoch", None, warnings)
    serial = next((s for s in SERIAL_DAYS if s.holds(middle)), None)
    if serial is not None and any(_STEPS_S[0] <= step * _DAY_S <= _STEPS_S[1] for step in steps):
        warnings = (
            f"column {column.name!r} counts days, as {serial.writer} does: read as such",
            _NO_ZONE.format(column.name),
        )
        return Clock(column, 1.0, True, serial.parse, warnings, local=True)
    dated = [unit for unit in order if kinds[unit] == "epoch"]
    # The steps between rows in bursts fit no unit, but the dates are plausible in one unit only.
    unit = named or (dated[0] if len(dated) == 1 else "s")
    if kinds[unit] is not None:
        return Clock(column, SCALES[unit], kinds[unit] == "epoch")
    raise RecordingError(impossible(column.name, middle * SCALES[unit], now_s, unit))


def _kind(seconds: float, now_s: float) -> str | None:
    if YEAR_2000_S <= seconds <= now_s + AHEAD_S:
        return "epoch"
    return "relative" if -_MAX_UPTIME_S < seconds < _MAX_UPTIME_S else None


def impossible(name: str, seconds: float, now_s: float, unit: str = "s") -> str:
    """Return why a column's dates are rejected, with the likely cause."""
    date = _date_text(seconds)
    if seconds > now_s + AHEAD_S:
        problem = f"is {date}, more than a day ahead of the clock ({_date_text(now_s)})"
    else:
        problem = f"is {date}, before 2000"
    count = seconds / SCALES[unit]
    cause = "the device's clock was not set"
    for other, scale in SCALES.items():
        if other != unit and YEAR_2000_S <= count * scale <= now_s + AHEAD_S:
            cause = f"likely {LONG_NAMES[other]} since 1970, not {LONG_NAMES[unit]}"
            break
    else:
        if _MAX_UPTIME_S < seconds < YEAR_2000_S and seconds + _APPLE_S <= now_s + AHEAD_S:
            cause = "likely seconds since 2001, as Apple counts"
    return f"column {name!r} {problem}: {cause}"


def _text(column: TimeColumn, texts: Sequence[str], now_s: float) -> Clock | None:
    zone = zone_of(column.zone)
    order = column.order or day_order(texts)
    enough = max(2, 0.5 * len(texts))
    parse: Callable[[str], float] = partial(parse_date, zone=zone or UTC, order=order)
    values = _parse(parse, texts)
    if len(values) >= enough:
        if not possible(np.array([np.median(values)]), now_s)[0]:
            raise RecordingError(impossible(column.name, float(np.median(values)), now_s))
        local = zone is None and not re.search(r"(Z|UTC|GMT|[+-]\d\d:?\d\d)\s*$", texts[0])
        warnings = (_NO_ZONE.format(column.name),) if local else ()
        return Clock(column, 1.0, True, parse, (*warnings, *_read(column, texts, order)), local)
    if len(_parse(parse_daytime, texts)) >= enough:
        return Clock(column, 1.0, False, parse_daytime, turn_s=_DAY_S)
    if len(_parse(parse_minutes, texts)) >= enough:
        return Clock(column, 1.0, False, parse_minutes, turn_s=_HOUR_S)
    if len(_parse(day_time_of_slashes, texts)) >= enough:
        warnings = (_UNREAD.format(column.name, texts[0]),)
        return Clock(column, 1.0, False, day_time_of_slashes, warnings, turn_s=_DAY_S)
    return None


def _parse(parse: Callable[[str], float], texts: Sequence[str]) -> list[float]:
    values = []
    for text in texts:
        try:
            values.append(parse(text))
        except ValueError:
            continue
    return values


def _date_text(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError):
        return f"year {1970 + seconds / 31_556_952:.0f}"


def _float(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return float("nan")
