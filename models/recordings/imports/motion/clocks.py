"""Finds the time column, its unit, and whether its dates are plausible."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import numpy as np

from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from models.recordings.imports.motion.columns import TimeColumn

SCALES = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
LONG_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}

YEAR_2000_S = 946_684_800.0
AHEAD_S = 86_400.0
_MAX_UPTIME_S = 1e8  # three years; above that a small number is a broken date
_APPLE_S = 978_307_200.0  # 2001-01-01, Apple's epoch
_STEPS_S = (1 / 900, 1 / 8)

_DATE = re.compile(
    r"^\s*(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[T _]+(\d{1,2})[:.\-h](\d\d)[:.\-m](\d\d)"
    r"(?:[.,:_](\d{1,9}))?\s*(Z|UTC|[+-]\d\d:?\d\d)?\s*$"
)
# 28.11.2026 09:00:00,020: with points the day comes first everywhere, with slashes it may not.
_DAY_FIRST = re.compile(r"^\s*(\d{1,2})\.(\d{1,2})\.(\d{4})(?=\D)")
_DAYTIME = re.compile(r"^\s*(\d{1,2}):(\d\d):(\d\d)(?:[.,:](\d{1,9}))?\s*$")


@dataclass(frozen=True)
class Clock:
    """How to read a time column: `parse` (None for plain numbers) returns units of `scale` seconds.

    `epoch`: they count from 1970.
    """

    column: TimeColumn
    scale: float
    epoch: bool
    parse: Callable[[str], float] | None = None
    warnings: tuple[str, ...] = ()


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
    if not clocks:
        if refused:
            raise refused[0]
        names = ", ".join(repr(column.name) for column in columns)
        verb = "does not" if len(columns) == 1 else "do not"
        raise RecordingError(f"has no column that counts time: {names} {verb}")
    # Numbers before text, dates before times of day; of these the finest resolution.
    spacing = min(clocks, key=lambda c: (c.parse is not None, not c.epoch, c.scale))
    if spacing.epoch:
        return spacing, None
    dating = next((clock for clock in clocks if clock.epoch), None)
    return spacing, dating


def possible(times_s: NDArray[np.float64], now_s: float) -> NDArray[np.bool_]:
    """Return which of epoch seconds (n,) are plausible for a recording, (n,)."""
    return np.asarray((times_s >= YEAR_2000_S) & (times_s <= now_s + AHEAD_S))


def _numeric(column: TimeColumn, texts: Sequence[str], now_s: float) -> Clock | None:
    numbers = [number for number in map(_float, texts) if np.isfinite(number)]
    if len(numbers) < 0.5 * len(texts) or len(numbers) < 2:
        return None
    values = np.array(numbers)
    rising = np.maximum.accumulate(values)
    if len(np.unique(values)) < max(2, 0.05 * len(values)):
        return None
    steps = np.diff(rising)
    middle = float(np.median(values))
    typical = float(np.median(steps))
    mean = float(np.median(values[-5:]) - np.median(values[:5])) / max(len(values) - 5, 1)
    return _unit(column, middle, (typical, mean), now_s)


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
    zone = _zone(column.zone)
    parse: Callable[[str], float] = _date_parser(zone)
    epoch = True
    values = _parse(parse, texts)
    if len(values) < max(2, 0.5 * len(texts)):
        parse, epoch = parse_daytime, False
        values = _parse(parse, texts)
        if len(values) < max(2, 0.5 * len(texts)):
            return None
    if epoch and not possible(np.array([np.median(values)]), now_s)[0]:
        raise RecordingError(impossible(column.name, float(np.median(values)), now_s))
    warnings: tuple[str, ...] = ()
    if epoch and zone is None and not re.search(r"(Z|UTC|[+-]\d\d:?\d\d)\s*$", texts[0]):
        warnings = (f"column {column.name!r} names no time zone: taken as UTC",)
    return Clock(column, 1.0, epoch, parse, warnings)


def _parse(parse: Callable[[str], float], texts: Sequence[str]) -> list[float]:
    values = []
    for text in texts:
        try:
            values.append(parse(text))
        except ValueError:
            continue
    return values


def _date_parser(zone: timezone | None) -> Callable[[str], float]:
    def parse(text: str) -> float:
        return parse_date(text, zone or UTC)

    return parse


def parse_date(text: str, zone: timezone = UTC) -> float:
    """Return a date and time in words as seconds since 1970; raises `ValueError`."""
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        match = _DATE.match(_DAY_FIRST.sub(r"\3.\2.\1", text).replace(", ", " "))
        if match is None:
            raise
        year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
        micro = round(float(f"0.{match[7] or 0}") * 1e6)
        date = datetime(year, month, day, hour, minute, second, tzinfo=_zone(match[8]))
        date += timedelta(microseconds=micro)
    else:
        if len(text) < 12:
            raise ValueError(f"{text!r} is a date without a time")
    return (date if date.tzinfo else date.replace(tzinfo=zone)).timestamp()


def parse_daytime(text: str) -> float:
    """Return `10:24:33.123` as seconds of its day; raises `ValueError`."""
    match = _DAYTIME.match(text)
    if match is None:
        raise ValueError(f"{text!r} is no time of a day")
    return int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3]) + float(f"0.{match[4] or 0}")


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text in {"Z", "UTC"}:
        return UTC
    match = re.fullmatch(r"([+-]?)(\d\d):?(\d\d)", text)
    if match is None:
        return None
    sign = -1 if match[1] == "-" else 1
    return timezone(sign * timedelta(hours=int(match[2]), minutes=int(match[3])))


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
