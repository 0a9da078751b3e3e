"""The clock of a file is told by header and size; impossible dates are refused with the cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.recordings.imports.motion import MotionFile, read_motion
from models.recordings.imports.motion.dates import parse_date, parse_daytime
from models.recordings.protocol import RecordingError
from tests.models.recordings.imports.motion.wearer import START_S, now, table, walk

if TYPE_CHECKING:
    from pathlib import Path

NS = 10**9
SENSORS = "acc_x_m_s2,acc_y_m_s2,acc_z_m_s2,gyro_x_rad_s,gyro_y_rad_s,gyro_z_rad_s"


def read_stamps(tmp_path: Path, name: str, stamps: list[str]) -> MotionFile:
    _, values = walk(len(stamps) / 50)
    path = tmp_path / "m.csv"
    path.write_text(table(f"{name},{SENSORS}", [stamps, *values.T]))
    return read_motion(path, now=now)


def stamps(start: float, scale: float, seconds: float = 10.0) -> list[str]:
    count = round(seconds * 50)
    if scale >= 1e3:
        return [str(round(start * scale) + round(i / 50 * scale)) for i in range(count)]
    return [f"{start + i / 50:.5f}" for i in range(count)]


@pytest.mark.parametrize("form", ["{:d}", "{:d}.000"])
def test_seconds_since_1970_without_fractions_date_and_time_the_motion(
    tmp_path: Path, form: str
) -> None:
    rows = 50 * 60
    whole = [form.format(round(START_S) + row // 50) for row in range(rows)]
    motion = read_stamps(tmp_path, "timestamp", whole)
    assert (motion.start_ns, motion.rate_hz, len(motion.stretches)) == (START_S * NS, 50.0, 1)
    assert motion.seconds == rows / 50
    with pytest.raises(RecordingError, match="always '1772438400'"):
        read_stamps(tmp_path, "timestamp", [f"{START_S:.0f}"] * rows)


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        ("time_s", 1.0), ("time", 1.0), ("timestamp", 1e3), ("Timestamp (ms)", 1e3), ("time", 1e6),
        ("time_us", 1e6), ("time", 1e9), ("timestamp_ns", 1e9), ("unix", 1.0), ("t", 1e3),
    ],
)  # fmt: skip
def test_an_epoch_in_any_unit_dates_the_motion(tmp_path: Path, name: str, scale: float) -> None:
    motion = read_stamps(tmp_path, name, stamps(START_S, scale))
    assert motion.start_ns == START_S * NS
    assert (motion.rate_hz, motion.seconds, motion.first_ns) == (50.0, 10.0, 0)
    assert motion.warnings == ()


@pytest.mark.parametrize(
    ("name", "scale"),
    [("time_s", 1.0), ("seconds", 1.0), ("millis", 1e3), ("micros", 1e6), ("time", 1e3),
     ("timestamp", 1e9), ("elapsed (s)", 1.0), ("Time since start in ms ", 1e3)],
)  # fmt: skip
def test_a_clock_of_the_files_own_keeps_its_first_time(
    tmp_path: Path, name: str, scale: float
) -> None:
    motion = read_stamps(tmp_path, name, stamps(27_920.0, scale))
    assert (motion.start_ns, motion.first_ns) == (None, 27_920 * NS)
    assert motion.rate_hz == 50.0


def test_a_unit_that_the_header_gets_wrong_is_put_right_and_said(tmp_path: Path) -> None:
    motion = read_stamps(tmp_path, "time_s", stamps(START_S, 1e3))
    assert motion.start_ns == START_S * NS
    assert motion.warnings == (
        "column 'time_s' holds milliseconds, not seconds: read as such; rename it, as time_ms",
    )


@pytest.mark.parametrize(
    "form",
    [
        "2026-03-02T08:00:00.{:03d}Z",
        "2026-03-02 09:00:00.{:03d}+01:00",
        "2026-03-02 09:00:00.{:03d} +0100",
        "2026-03-02 08:00:00:{:03d}",
        "2026/03/02 08-00-00_{:03d}",
        "2026-03-02T08:00:00,{:03d}000Z",
    ],
)
def test_times_in_words_date_the_motion(tmp_path: Path, form: str) -> None:
    texts = [form.format(20 * i) for i in range(50)]
    quoted = [f'"{text}"' if "," in text else text for text in texts]
    motion = read_stamps(tmp_path, "time", quoted)
    assert motion.start_ns == START_S * NS
    assert motion.rate_hz == 50.0


@pytest.mark.parametrize(
    ("name", "start", "scale", "cause"),
    [
        (
            "time_s",
            3_534_000_000.0,
            1.0,
            r"'time_s' is 2081-.*, more than a day ahead of the clock",
        ),
        ("time_s", 9.0e8, 1.0, r"is 1998-.*, before 2000"),
        ("time", 794_000_000.0, 1.0, "seconds since 2001, as Apple counts"),
    ],
)
def test_an_impossible_date_is_refused_with_the_likely_cause(
    tmp_path: Path, name: str, start: float, scale: float, cause: str
) -> None:
    with pytest.raises(RecordingError, match=cause):
        read_stamps(tmp_path, name, stamps(start, scale))


def test_a_date_in_words_before_2000_is_refused(tmp_path: Path) -> None:
    texts = [f"1970-01-01T00:00:{i // 50:02d}.{i % 50 * 20:03d}Z" for i in range(500)]
    with pytest.raises(RecordingError, match="before 2000: the device's clock was not set"):
        read_stamps(tmp_path, "time", texts)


def test_rows_from_before_the_clock_was_set_are_left_out(tmp_path: Path) -> None:
    texts = [f"{i / 50 if i < 100 else START_S + i / 50:.3f}" for i in range(500)]
    motion = read_stamps(tmp_path, "time_s", texts)
    assert motion.rows_left_out == {"impossible date": 100}
    assert motion.start_ns == (START_S + 2) * NS


def test_a_day_ahead_of_the_wall_clock_is_the_limit(tmp_path: Path) -> None:
    assert read_stamps(tmp_path, "time_s", stamps(now() + 80_000, 1.0)).start_ns is not None
    with pytest.raises(RecordingError, match="more than a day ahead"):
        read_stamps(tmp_path, "time_s", stamps(now() + 90_000, 1.0))


def test_midnight_does_not_stop_the_time_of_day(tmp_path: Path) -> None:
    seconds = np.arange(500) / 50 + 86_395
    texts = [
        f"{int(s % 86400) // 3600:02d}:{int(s % 3600) // 60:02d}:{int(s % 60):02d}:"
        f"{round(s * 1000) % 1000:03d}"
        for s in seconds
    ]
    motion = read_stamps(tmp_path, "time", texts)
    assert (motion.seconds, len(motion.stretches)) == (10.0, 1)


def test_a_number_in_a_header_that_is_no_zone_is_none(tmp_path: Path) -> None:
    texts = [f"2026-03-02 08:00:{i // 50:02d}.{i % 50 * 20:03d}" for i in range(500)]
    motion = read_stamps(tmp_path, "time (3000)", texts)
    assert motion.start_ns == START_S * NS
    assert motion.warnings == ("column 'time (3000)' names no time zone: taken as UTC",)


def test_a_date_in_a_zone_that_there_is_not_is_none() -> None:
    with pytest.raises(ValueError, match=r"\+99:00"):
        parse_date("2026/03/02 08:00:00 +99:00")


NO_ZONE = "column 'time' names no time zone: taken as UTC"


@pytest.mark.parametrize(
    ("form", "read"),
    [
        ("3/28/2026 8:00:00.{:03d} AM", "month first"),
        ("3/2/2026 8:00:00.{:03d} am", "month first"),
        ("28/03/2026 08:00:00.{:03d}", "day first"),
        ("28/03/2026 8:00:00.{:03d} a.m.", "day first"),
        ("28-Mar-2026 08:00:00.{:03d}", None),
        ("28 March 2026 08:00:00.{:03d}", None),
        ("Mar 28, 2026 8:00:00.{:03d} AM", None),
        ("Sat Mar 28 08:00:00.{:03d} 2026", None),
        ("2026-03-28 08:00:00.{:03d} AM", None),
    ],
)
def test_dates_of_any_order_date_the_motion(tmp_path: Path, form: str, read: str | None) -> None:
    texts = [form.format(20 * i) for i in range(50)]
    motion = read_stamps(tmp_path, "time", [f'"{text}"' for text in texts])
    first = "2026-03-02T08:00:00" if form.startswith("3/2/") else "2026-03-28T08:00:00"
    assert motion.start_ns == round(parse_date(f"{first}Z") * NS)
    assert (motion.rate_hz, motion.seconds) == (50.0, 1.0)
    order = [f"column 'time': {texts[0]!r} is read {read}"] if read else []
    assert list(motion.warnings) == [NO_ZONE, *order]


def test_the_afternoon_of_a_clock_of_twelve_hours_goes_on_after_noon(tmp_path: Path) -> None:
    texts = [f"3/2/2026 {11 + i // 50}:{59 * (i < 50):02d}:{59 * (i < 50):02d}.{i % 50 * 20:03d} "
             f"{'AM' if i < 50 else 'PM'}" for i in range(100)]  # fmt: skip
    motion = read_stamps(tmp_path, "time", texts)
    assert (len(motion.stretches), motion.seconds) == (1, 2.0)


def test_a_date_that_may_be_two_is_not_guessed(tmp_path: Path) -> None:
    motion = read_stamps(tmp_path, "time", [f"02/03/2026 08:00:00.{20 * i:03d}" for i in range(50)])
    assert (motion.start_ns, motion.first_ns, motion.rate_hz) == (None, 28_800 * NS, 50.0)
    assert motion.warnings == (
        "column 'time': '02/03/2026 08:00:00.000' may begin with the day or the month, so the date "
        "is not read; write the year first, as 2026-03-02",
    )


@pytest.mark.parametrize(
    ("form", "read"),
    [
        ("2026-03-28,08:00:00.{:03d}", None),
        ("28.03.2026,8:00:00.{:03d} AM", None),
        ("2026/03/28,08:00:00.{:03d}", None),
        ("20260328,08:00:00.{:03d}", None),
        ("28-Mar-2026,08:00:00.{:03d}", None),
        ("28/03/2026,08:00:00.{:03d}", "day first"),
        ("28-03-2026,08:00:00.{:03d}", "day first"),
        ("3/28/2026,08:00:00.{:03d}", "month first"),
        ("3/2/2026,8:00:00.{:03d} AM", "month first"),
    ],
)
def test_a_date_and_a_time_of_day_may_be_two_columns(
    tmp_path: Path, form: str, read: str | None
) -> None:
    motion = read_stamps(tmp_path, "date,time", [form.format(20 * i) for i in range(50)])
    first = "2026-03-02T08:00:00" if form.startswith("3/2/") else "2026-03-28T08:00:00"
    assert motion.start_ns == round(parse_date(f"{first}Z") * NS)
    assert motion.rate_hz == 50.0
    day = form.partition(",")[0]
    order = [f"column 'date': {day!r} is read {read}"] if read else []
    assert list(motion.warnings) == ["column 'date' names no time zone: taken as UTC", *order]


@pytest.mark.parametrize("day", ["02/03/2026", "28/03/26"])
def test_a_date_beside_a_time_that_may_be_two_is_said(tmp_path: Path, day: str) -> None:
    stamps = [f"{day},08:00:00.{20 * i:03d}" for i in range(50)]
    motion = read_stamps(tmp_path, "date,time", stamps)
    assert (motion.start_ns, motion.first_ns, motion.rate_hz) == (None, 28_800 * NS, 50.0)
    assert motion.warnings == (
        f"column 'date': {day!r} may begin with the day or the month, so the date is not read; "
        "write the year first, as 2026-03-02",
    )


def test_a_date_and_a_time_date_rows_that_seconds_space(tmp_path: Path) -> None:
    stamps = [f"{20 * i / 1000},28/03/2026,08:00:{i // 50:02d}" for i in range(100)]
    motion = read_stamps(tmp_path, "elapsed_s,date,time", stamps)
    assert motion.start_ns == round(parse_date("2026-03-28T08:00:00Z") * NS)
    assert (motion.rate_hz, motion.seconds) == (50.0, 2.0)


def test_a_date_without_a_time_of_day_is_said(tmp_path: Path) -> None:
    stamps = [f"28/03/2026,{20 * i / 1000}" for i in range(50)]
    motion = read_stamps(tmp_path, "date,time_s", stamps)
    assert (motion.start_ns, motion.rate_hz) == (None, 50.0)
    assert motion.warnings == (
        "column 'date': '28/03/2026' is not read, because no column has the time of the day as "
        "08:00:00; --start sets it",
    )


def test_two_columns_go_on_after_midnight(tmp_path: Path) -> None:
    texts = [f"2026-03-0{1 + i // 50},{'23:59:59' if i < 50 else '00:00:00'}.{i % 50 * 20:03d}"
             for i in range(100)]  # fmt: skip
    motion = read_stamps(tmp_path, "date,time", texts)
    assert motion.start_ns == round(parse_date("2026-03-01T23:59:59Z") * NS)
    assert (len(motion.stretches), motion.seconds) == (1, 2.0)


def test_minutes_and_seconds_go_on_after_the_hour(tmp_path: Path) -> None:
    texts = [f"{'59:59' if i < 50 else '00:00'}.{i % 50 * 20:03d}" for i in range(100)]
    motion = read_stamps(tmp_path, "time", texts)
    assert (len(motion.stretches), motion.seconds, motion.rate_hz) == (1, 2.0, 50.0)


@pytest.mark.parametrize(
    ("days", "writer"), [(46_083 + 1 / 3, "a spreadsheet"), (740_043 + 1 / 3, "MATLAB")]
)
def test_days_with_their_fraction_date_the_motion(tmp_path: Path, days: float, writer: str) -> None:
    motion = read_stamps(tmp_path, "time", [f"{days + i / 50 / 86_400:.10f}" for i in range(500)])
    assert abs((motion.start_ns or 0) - START_S * NS) < NS / 1_000
    assert motion.rate_hz == pytest.approx(50.0, abs=0.01)
    assert motion.warnings[0] == f"column 'time' counts days, as {writer} does: read as such"


@pytest.mark.parametrize("turn", [5.0, 0.01])
def test_a_counter_of_32_bits_goes_on_where_it_begins_anew(tmp_path: Path, turn: float) -> None:
    first = 2**32 - round(turn * 1e6)
    texts = [str((first + 20_000 * i) % 2**32) for i in range(500)]
    motion = read_stamps(tmp_path, "SampleTimeFine", texts)
    assert (len(motion.stretches), motion.seconds, motion.rows_left_out) == (1, 10.0, {})


@pytest.mark.parametrize(("hour", "way"), [(-1, "back"), (1, "forward")])
def test_a_clock_that_changes_to_or_from_summer_time_goes_on(
    tmp_path: Path, hour: int, way: str
) -> None:
    texts = []
    for i in range(500):
        at = 2 * 3600 + 50 * 60 + i // 50 + (3600 * hour if i >= 250 else 0)
        texts.append(f"2026-03-29 0{at // 3600}:{at // 60 % 60}:{at % 60:02d}.{i % 50 * 20:03d}")
    motion = read_stamps(tmp_path, "time", texts)
    assert (len(motion.stretches), motion.seconds, motion.rows_left_out) == (1, 10.0, {})
    assert f"line 252: the clock is put {way} by an hour" in motion.warnings[1]


def test_an_hour_without_rows_stays_an_hour_where_the_zone_is_named(tmp_path: Path) -> None:
    texts = [f"2026-03-29T0{1 + i // 250}:00:0{i // 50 % 5}.{i % 50 * 20:03d}Z" for i in range(500)]
    motion = read_stamps(tmp_path, "time", texts)
    assert [round(s.offset_ns / NS) for s in motion.stretches] == [0, 3600]


@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_rows_from_the_latest_to_the_earliest_are_read_backwards(
    tmp_path: Path, scale: float
) -> None:
    motion = read_stamps(tmp_path, "time", stamps(START_S, scale)[::-1])
    assert (motion.start_ns, motion.rate_hz, motion.seconds) == (START_S * NS, 50.0, 10.0)
    assert motion.warnings == ("rows go from the latest to the earliest: read backwards",)
    _, values = walk(10.0)
    assert np.allclose(motion.stretches[0].values[0], values[-1], atol=1e-5)


def test_words_that_are_no_time_are_reported() -> None:
    assert parse_daytime("01:02:03.5") == 3723.5
    for text in ("2026-03-02", "later", ""):
        with pytest.raises(ValueError, match=r".*"):
            parse_date(text)


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("time_s", r"'time_s' \(always 'soon'\) does not"),
        ("time_s,date", r"'time_s' \(always 'soon'\), 'date' \(always 'later'\) do not"),
    ],
)
def test_columns_that_count_no_time_are_named(tmp_path: Path, name: str, refused: str) -> None:
    words = ["soon,later" if "," in name else "soon"] * 500
    with pytest.raises(
        RecordingError,
        match=rf"^m\.csv has no column that counts time: {refused}; expected ascending",
    ):
        read_stamps(tmp_path, name, words)
