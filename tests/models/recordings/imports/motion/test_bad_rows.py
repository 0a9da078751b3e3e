"""One bad row costs one row, is counted by kind and named by its line."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.recordings.imports.motion import is_motion, read_motion
from models.recordings.protocol import RecordingError
from tests.models.recordings.imports.motion.wearer import START_S, now, table, walk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEADER = "time_s,acc_x_m_s2,acc_y_m_s2,acc_z_m_s2,gyro_x_rad_s,gyro_y_rad_s,gyro_z_rad_s"


def lines_of(seconds: float = 20.0, rate: float = 50.0) -> list[str]:
    """Header and rows; row i is line i + 2."""
    times, values = walk(seconds, rate)
    return table(HEADER, [times, *values.T]).splitlines()


def write_lines(tmp_path: Path, lines: list[str], encoding: str = "utf-8", end: str = "\n") -> Path:
    path = tmp_path / "m.csv"
    path.write_bytes((end.join(lines) + end).encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_encoding_and_line_end_is_read(tmp_path: Path, encoding: str, end: str) -> None:
    path = write_lines(tmp_path, lines_of(), encoding, end)
    assert is_motion(path)
    motion = read_motion(path, now=now)
    assert (motion.rate_hz, motion.seconds, motion.rows_left_out) == (50.0, 20.0, {})


def quote_fields(lines: list[str]) -> list[str]:
    return [",".join(f'"{field}"' for field in line.split(",")) for line in lines]


def decimal_commas_in_quotes(lines: list[str]) -> list[str]:
    return [",".join('"' + f.replace(".", ",") + '"' for f in line.split(",")) for line in lines]


@pytest.mark.parametrize(
    "rewrite",
    [
        quote_fields,
        lambda lines: [line.replace(",", ";") for line in lines],
        lambda lines: [line.replace(",", "\t") for line in lines],
        lambda lines: [line.replace(",", ";").replace(".", ",") for line in lines],
        decimal_commas_in_quotes,
        lambda lines: [line.replace(",", "  ") for line in lines],
        lambda lines: [line + "," for line in lines],
        lambda lines: ["# a logger", "# device: 7", "", *lines],
        lambda lines: ['"",' + lines[0], *(f'"{i}",{line}' for i, line in enumerate(lines[1:]))],
        lambda lines: [lines[0], *(f"{i},{line}" for i, line in enumerate(lines[1:]))],
        lambda lines: [x for line in lines for x in (line, "")],
    ],
    ids=["quotes", "semicolons", "tabs", "decimal commas", "quoted decimal commas", "blanks",
         "comma at the end", "lines before", "row names", "row names without a name",
         "double spaced"],
)  # fmt: skip
def test_any_way_to_write_a_table_is_read(
    tmp_path: Path, rewrite: Callable[[list[str]], list[str]]
) -> None:
    motion = read_motion(write_lines(tmp_path, rewrite(lines_of())), now=now)
    _, values = walk()
    assert (motion.rate_hz, motion.rows_left_out) == (50.0, {})
    np.testing.assert_allclose(motion.stretches[0].values, values, atol=1e-5)


def change_line(lines: list[str], line: int, text: str | None) -> list[str]:
    """Return the file with one line (from 1) replaced, or left out for None."""
    return [*lines[: line - 1], *([] if text is None else [text]), *lines[line:]]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("9.98,NaN,NaN,NaN,NaN,NaN,NaN", "not finite"),
        ("9.98,1,2,inf,0,0,0", "not finite"),
        ("9.98,,,,,,", "empty"),
        ("9.98,null,0,9.8,0,0,0", "empty"),
        ("9.98,0,0,9.8,0,0,x", "not a number"),
        ("9.98,0,0,9.8", "cut"),
        ('9.98,"' + "x" * 200_000, "cut"),
        ("9.98,0,0,9.8,0,0,010.0,0,0,9.8,0,0,0", "too long"),
        ("9.98,0,0,1e6,0,0,0", "impossible value"),
        ("9.98,0,0,9.8,0,\x00,0", "NUL bytes"),
        ("1e9,0,0,9.8,0,0,0", "time out of order"),
        ("0.5,0,0,9.8,0,0,0", "time out of order"),
        (HEADER, "repeated header"),
    ],
    ids=lambda text: text[:20],
)
def test_one_bad_row_is_left_out_counted_and_named(tmp_path: Path, text: str, kind: str) -> None:
    motion = read_motion(write_lines(tmp_path, change_line(lines_of(), 501, text)), now=now)
    assert motion.rows_left_out == {kind: 1}
    assert motion.examples[0].startswith(f"line 501: {kind}")
    assert motion.seconds == pytest.approx(19.98)
    assert [round(s.offset_ns / 1e9, 3) for s in motion.stretches] == [0.0, 10.0]


def test_a_header_in_the_middle_a_double_and_a_swap_cost_no_sample(tmp_path: Path) -> None:
    lines = lines_of()
    lines[300], lines[301] = lines[301], lines[300]
    lines = [*lines[:500], HEADER, *lines[500:700], lines[699], "", *lines[700:]]
    motion = read_motion(write_lines(tmp_path, lines), now=now)
    assert motion.rows_left_out == {"repeated header": 1, "doubled": 1, "blank": 1}
    assert (motion.seconds, len(motion.stretches)) == (20.0, 1)
    np.testing.assert_allclose(motion.stretches[0].values, walk()[1], atol=1e-5)


def test_a_cut_last_row_and_a_tail_of_nul_cost_that_row(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    whole = "\n".join(lines_of()).encode()
    path.write_bytes(whole[:-30] + b"\0" * 4096)
    motion = read_motion(path, now=now)
    assert motion.seconds == pytest.approx(19.98)
    assert motion.rows_left_out == {"NUL bytes": 1, "cut": 1}


def test_a_file_that_is_doubled_row_by_row_is_read_once(tmp_path: Path) -> None:
    lines = lines_of()
    motion = read_motion(
        write_lines(tmp_path, [lines[0], *(x for line in lines[1:] for x in (line, line))]), now=now
    )
    assert (motion.rate_hz, motion.seconds) == (50.0, 20.0)
    assert motion.rows_left_out == {"doubled": 1000}


def test_equal_stamps_of_a_burst_are_not_doubled_rows(tmp_path: Path) -> None:
    times, values = walk()
    values[:] = values[0]  # someone who sits quite still
    times = times[np.arange(len(times)) // 4 * 4]
    path = write_lines(tmp_path, table(HEADER, [times, *values.T]).splitlines())
    motion = read_motion(path, now=now)
    assert (motion.rate_hz, motion.seconds, motion.rows_left_out) == (50.0, 20.0, {})


def test_after_a_step_back_the_longer_part_is_used(tmp_path: Path) -> None:
    lines = lines_of(28.0)
    times, values = walk(28.0)
    times[700:] -= 9.0
    lines = table(HEADER, [times, *values.T]).splitlines()
    motion = read_motion(write_lines(tmp_path, lines), now=now)
    assert motion.seconds == 14.0
    assert motion.rows_left_out == {"clock stepped back": 700}
    assert motion.examples == ("line 702: clock stepped back",)
    assert "line 702: the clock steps back from 13.98 s to 5.00 s" in motion.warnings
    times[200:700] -= 50.0  # now the part in the middle is longer than the first, and so the last
    lines = table(HEADER, [times, *values.T]).splitlines()
    assert read_motion(write_lines(tmp_path, lines), now=now).seconds >= 14.0


def test_a_clock_set_back_a_little_costs_what_overlaps(tmp_path: Path) -> None:
    times, values = walk(60.0)
    times[1500:] -= 1.0
    motion = read_motion(
        write_lines(tmp_path, table(HEADER, [times, *values.T]).splitlines()), now=now
    )
    assert motion.rows_left_out == {"clock stepped back": 50}
    assert motion.seconds == 59.0


def test_a_clock_set_forward_starts_a_new_stretch(tmp_path: Path) -> None:
    times, values = walk(60.0)
    times[1500:] += 3600.0
    motion = read_motion(
        write_lines(tmp_path, table(HEADER, [times, *values.T]).splitlines()), now=now
    )
    assert [s.offset_ns for s in motion.stretches] == [0, 3630 * 10**9]
    assert motion.rows_left_out == {}


def test_a_file_is_refused_when_less_than_half_is_usable(tmp_path: Path) -> None:
    lines = lines_of()
    worse = [line if i % 5 < 2 or not i else f"{i},x" for i, line in enumerate(lines)]
    with pytest.raises(
        RecordingError, match=r"m\.csv 400 of 1000 rows are usable; expected at least half"
    ):
        read_motion(write_lines(tmp_path, worse), now=now)


@pytest.mark.parametrize("tail", [[], ["", ""]])
def test_a_file_of_one_row_is_refused_as_such(tmp_path: Path, tail: list[str]) -> None:
    with pytest.raises(
        RecordingError, match=r"^m\.csv holds a single row of samples; expected at least 2$"
    ):
        read_motion(write_lines(tmp_path, [*lines_of()[:2], *tail]), now=now)


def test_rows_that_miss_only_the_gyroscope_are_motion_without_it(tmp_path: Path) -> None:
    lines = lines_of()
    lines[1:] = [",".join([*line.split(",")[:4], "", "", ""]) for line in lines[1:]]
    motion = read_motion(write_lines(tmp_path, lines), now=now)
    assert not motion.gyroscope
    assert (motion.seconds, motion.rows_left_out) == (20.0, {})
    assert not motion.stretches[0].values[:, 3:].any()


def test_examples_are_few(tmp_path: Path) -> None:
    lines = lines_of()
    for line in range(10, 500, 5):
        lines[line] = "x"
    motion = read_motion(write_lines(tmp_path, lines), now=now)
    assert motion.rows_left_out == {"cut": 98}
    assert len(motion.examples) == 20


def test_ten_megabytes_take_about_a_second(tmp_path: Path) -> None:
    times, values = walk(3000.0)
    times = times + START_S
    rows = np.column_stack([times, values])
    path = tmp_path / "big.csv"
    np.savetxt(path, rows, fmt="%.5f", delimiter=",", header=HEADER, comments="")
    size = path.stat().st_size
    begin = time.process_time()
    motion = read_motion(path, now=now)
    spent = time.process_time() - begin
    assert motion.seconds == 3000.0
    assert spent < 3.0 * size / 1e7  # a second, and room for a busy machine


@pytest.mark.parametrize("damaged", [(1,), (1, 40), (40,)])
def test_a_time_that_no_clock_shows_costs_its_row(tmp_path: Path, damaged: tuple[int, ...]) -> None:
    times, values = walk(4.0, 50.0)
    lines = table(HEADER, [times - times[0], *values.T]).splitlines()
    for row in damaged:
        lines[row] = f"1.21e307,{lines[row].partition(',')[2]}"
    motion = read_motion(write_lines(tmp_path, lines), now=now)
    assert motion.rows_left_out == {"impossible time": len(damaged)}
    assert motion.seconds == pytest.approx(4.0, abs=0.05)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=60)
def test_no_damage_does_worse_than_a_refusal_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    random = np.random.default_rng(seed)
    data = bytearray("\n".join(lines_of(4.0)).encode())
    pieces = [b"\n", b",", b'"', b"\0", b";", b"nan", b"1e308", b"-", b"9" * 20, b"1e400", b"\r"]
    for _ in range(random.choice([1, 5, 50, 300])):
        place = int(random.integers(len(data)))
        if random.random() < 0.3:
            del data[place : place + int(random.integers(1, 80))]
            data = data or bytearray(b"x")
        elif random.random() < 0.5:
            data[place:place] = pieces[random.integers(len(pieces))]
        else:
            data[place] = random.integers(256)
    path = tmp_path_factory.mktemp("damaged") / "m.csv"
    path.write_bytes(data)
    refusal = ""
    try:
        motion = read_motion(path, now=now)
    except RecordingError as error:
        refusal = str(error)
    if refusal:
        assert refusal.startswith("m.csv ")
        assert "\n" not in refusal
        return
    end_ns = 0
    for stretch in motion.stretches:
        assert np.isfinite(stretch.values).all()
        assert stretch.offset_ns >= end_ns - 1_000_000
        end_ns = stretch.offset_ns + round(len(stretch.values) / stretch.rate_hz * 1e9)


@pytest.mark.parametrize(
    ("minus", "point"), [("\u2212", "."), ("\u200e-", "."), ("-", "\u066b")],
    ids=["minus sign", "marked direction", "Arabic decimal separator"],
)  # fmt: skip
def test_signs_of_other_languages_are_read(tmp_path: Path, minus: str, point: str) -> None:
    rows = [line.replace("-", minus).replace(".", point) for line in lines_of()[1:]]
    motion = read_motion(write_lines(tmp_path, [HEADER, *rows]), now=now)
    assert (motion.seconds, motion.gyroscope, motion.rows_left_out) == (20.0, True, {})
    _, values = walk(20.0)
    assert np.allclose(motion.stretches[0].values, values, atol=1e-5)


def in_another_order(kind: str, rows: list[str]) -> list[str]:
    order = np.arange(len(rows))
    if kind == "shuffled":
        np.random.default_rng(1).shuffle(order)
    elif kind == "by value":  # as a table that was sorted by another column
        order = np.argsort([float(row.split(",")[1]) for row in rows], kind="stable")
    elif kind == "ring buffer":
        order = np.roll(order, 300)
    elif kind == "parts":
        order = np.concatenate([order[k * 150 : k * 150 + 150] for k in (3, 0, 6, 1, 5, 4, 2)])
    return [rows[at] for at in order]


@pytest.mark.parametrize("kind", ["shuffled", "by value", "ring buffer", "parts"])
@pytest.mark.parametrize("clock", ["time_s", "time", "timestamp"])
@pytest.mark.parametrize("gap", [False, True])
def test_rows_in_another_order_are_sorted(
    tmp_path: Path, kind: str, clock: str, *, gap: bool
) -> None:
    header, *rows = lines_of(21.0)
    if clock == "timestamp":
        rows = [
            f"{START_S * 1e3 + 20 * at:.0f}," + row.split(",", 1)[1] for at, row in enumerate(rows)
        ]
    if gap:
        rows = rows[:500] + rows[560:]
        kind = {"ring buffer": "shuffled", "parts": "by value"}.get(kind, kind)
    text = [header.replace("time_s", clock), *in_another_order(kind, rows)]
    motion = read_motion(write_lines(tmp_path, text), now=now)
    assert (motion.rate_hz, motion.rows_left_out) == (50.0, {})
    assert motion.first_ns == 0
    assert motion.start_ns == (round(START_S) * 10**9 if clock == "timestamp" else None)
    values = np.concatenate([part.values for part in motion.stretches])
    expected = walk(21.0)[1]
    expected = np.concatenate([expected[:500], expected[560:]]) if gap else expected
    np.testing.assert_allclose(values, expected, atol=1e-4)
    assert "rows are not in the order of their times: sorted" in motion.warnings


@pytest.mark.parametrize("back_s", [10.0, 10.01, 4.99, 300.0])
def test_a_clock_that_steps_back_is_not_taken_for_another_order(
    tmp_path: Path, back_s: float
) -> None:
    header, *rows = lines_of()
    later = [f"{10 + at / 50 - back_s:.2f}," + rows[500 + at].split(",", 1)[1] for at in range(500)]
    motion = read_motion(write_lines(tmp_path, [header, *rows[:500], *later]), now=now)
    assert motion.rate_hz == 50.0
    assert any("the clock steps back" in warning for warning in motion.warnings)
    np.testing.assert_allclose(motion.stretches[0].values[:200], walk()[1][:200], atol=1e-4)
