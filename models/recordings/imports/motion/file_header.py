"""The header of a motion file: its columns, its names, and what is wrong where it has none."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from models.recordings.imports.layouts import HEADERLESS
from models.recordings.imports.motion.actigraph import actigraph_table, with_day_order
from models.recordings.imports.motion.any_language import columns_in_any_language, sensor_of_values
from models.recordings.imports.motion.bare_table import bare_table
from models.recordings.imports.motion.bids import bids_table
from models.recordings.imports.motion.clocks import clock_of
from models.recordings.imports.motion.columns import Columns, stem_of, time_unit
from models.recordings.imports.motion.delimited_table import (
    find_header,
    read_text,
    split_lines,
    table_of,
)
from models.recordings.imports.motion.empatica import empatica_table
from models.recordings.imports.motion.geneactiv import geneactiv_table
from models.recordings.imports.motion.unit_names import unit_of
from models.recordings.protocol import RecordingError
from models.recordings.skipped_rows import SkippedRows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from models.recordings.imports.motion.delimited_table import Header
    from models.recordings.imports.motion.headerless import HeaderlessTable

EXAMPLE_HEADER = "time_s,acc_x_m_s2,acc_y_m_s2,acc_z_m_s2,gyro_x_rad_s,gyro_y_rad_s,gyro_z_rad_s"

_MIN_UNITS = 4  # a time and the axes of one sensor


def header_columns(path: Path) -> Columns | None:
    """Return the columns of a file's header, from its first lines; None if it has no motion.

    Acceleration that is known by its unit alone is told by the values in these lines.
    """
    lines, known, header, _ = _head(path)
    if known is not None:
        return known.columns
    columns = None if header is None else columns_in_any_language(header[2], stem_of(path))
    if header is None or columns is None or not columns.by_units or "acc" not in columns.triples:
        return columns
    # The last line of a long file's head is cut.
    table = table_of(lines[:-1], header, SkippedRows(), nul=False)
    acc = columns.triples["acc"]
    try:
        clock, _ = clock_of(columns.times, table.sample(), time.time())
        parsers = {clock.column.index: clock.parse} if clock.parse else None
        rows, _ = table.numbers((clock.column.index, *acc.indices), SkippedRows(), parsers)
        sensor = sensor_of_values(acc, rows[:, 0] * clock.scale, rows[:, 1:])
    except RecordingError:
        return columns  # the whole file may tell, and says what is wrong if not
    triples = {sensor if name == "acc" else name: its for name, its in columns.triples.items()}
    return replace(columns, triples=triples)


def header_names(path: Path) -> tuple[str, ...] | None:
    """Return the names in a motion file's header, or that of its maker if it has none."""
    head = _head(path)
    if head.known is not None:
        return (HEADERLESS.format(head.known.maker),)
    return None if head.header is None else head.header[2]


def why_no_motion(path: Path) -> str:
    """Return the reason that a text file has no motion."""
    head = _head(path)
    return head.problem or why_no_header(head.lines, stem_of(path))


class _Head(NamedTuple):
    """The first lines of a file, and what tells its columns: what is known of it, or a header.

    `problem` is what is missing if it is only nearly a table that is known without a header.
    """

    lines: list[str]
    known: HeaderlessTable | None
    header: Header | None
    problem: str = ""


def _head(path: Path) -> _Head:
    lines = first_lines(path)
    problem = ""
    try:
        known = headerless_table(path, lines, SkippedRows(), False, time.time())
    except RecordingError as error:
        known, problem = None, str(error)
    header = motion_header(lines, stem_of(path)) if known is None else None
    return _Head(lines, known, header, problem)


def headerless_table(
    path: Path, lines: list[str], left_out: SkippedRows, nul: bool, now_s: float
) -> HeaderlessTable | None:
    """Return the table of a file whose columns are known without a header, None for any other.

    Raises `RecordingError` with what is missing if it is only nearly one.
    """
    empatica = empatica_table(lines)
    if empatica is not None or motion_header(lines, stem_of(path)) is not None:
        return empatica
    return (
        geneactiv_table(lines, left_out, nul)
        or actigraph_table(lines, left_out, nul)
        or bids_table(path, lines, left_out, nul)
        or bare_table(lines, left_out, nul, now_s)
    )


def named_columns(names: Sequence[str], lines: Sequence[str], stem: str) -> Columns | None:
    """Return the columns of a header with what the lines before it say; None if it has no motion.

    `stem` is that of the file's name.
    """
    columns = columns_in_any_language(names, stem)
    return None if columns is None else with_day_order(columns, lines)


def first_lines(path: Path) -> list[str]:
    """Return the lines at the beginning of a text file; none if it cannot be read."""
    try:
        text, _ = read_text(path, head=True)
    except OSError:
        return []
    return split_lines(text)


def motion_header(lines: Sequence[str], stem: str) -> Header | None:
    """Return the first header with a time and motion, with the units that a row below it names.

    `stem` is that of the file's name.
    """
    header = find_header(lines, lambda names: columns_in_any_language(names, stem) is not None)
    return None if header is None else _with_units(lines, header)


def _with_units(lines: Sequence[str], header: Header) -> Header:
    """Add the units of a row below the header, as Shimmer writes them, to its names."""
    index, delimiter, names = header
    if index + 1 >= len(lines):
        return header
    texts = [text.strip(' "\r') for text in lines[index + 1].split(delimiter)]
    units = [text.replace("(", "").replace(")", "") for text in texts]
    if len(units) < len(names) or sum(map(_is_unit, units)) < _MIN_UNITS:
        return header
    named = (
        f"{name} ({unit})" if _is_unit(unit) else name
        for name, unit in zip(names, units, strict=False)
    )
    return index + 1, delimiter, tuple(named)


def _is_unit(text: str) -> bool:
    known = unit_of(text, "acc") or unit_of(text, "gyro") or time_unit(text)
    return known is not None


def why_no_header(lines: Sequence[str], stem: str) -> str:
    """Return the reason that lines have no header with motion."""
    first = next((line for line in lines if line.strip()), "")[:120]
    editor = "" if first.isascii() else "; if an editor shows other letters, save it as UTF-8"
    wanted = (
        "expected a time column (time_s) and acc_x_m_s2 or acc_x_g to acc_z, gyro_x_rad_s or "
        "gyro_x_deg_s to gyro_z"
    )
    for line in lines[:5]:
        names = [name.strip(' "') for name in line.split(",")]
        if len(names) >= 2 and columns_in_any_language([*names, "time_s"], stem) is not None:
            return f"has no column time_s; its header is {first!r}{editor}"
    return f"has no header with time and motion ({wanted}); its first line is {first!r}{editor}"
