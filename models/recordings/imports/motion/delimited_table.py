"""Reads any delimited text file as columns of numbers; only bad rows are skipped.

UTF-8 with or without a BOM, UTF-16 and what came before them; comma, semicolon, tab, bar or blanks;
decimal commas; quotes; lines before the header. Ten megabytes take about half a second.
"""

from __future__ import annotations

import codecs
import csv
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from models.recordings.imports.motion.text_encoding import legacy_encoding

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.recordings.skipped_rows import SkippedRows

Parse: TypeAlias = "Callable[[str], float]"
Header: TypeAlias = "tuple[int, str | None, tuple[str, ...]]"  # index, delimiter and names

_CHUNK = 4_096  # rows parsed at once, if all of them are valid
_HEADER_LINES = 64  # number of first lines in which a header is searched
_HEAD_BYTES = 65_536
# Swedish and others write a minus sign, Arabic and Persian a decimal separator of their own.
_SIGNS = str.maketrans(
    {"\u2212": "-", "\u066b": ".", "\u066c": "", "\u061c": "", "\u200e": "", "\u200f": ""}
)
_NOTHING = ("", "null", "none", "na", "n/a", "-", "nil", "undefined")
_DELIMITERS = ("\t", ";", ",", "|")
_DECIMAL_COMMA = re.compile(r"(?<!\d)-?\d+,\d+(?!\d)")


@dataclass(frozen=True)
class DelimitedTable:
    """Rows below a header; `first_line` is the line number (from 1) of the first."""

    names: tuple[str, ...]
    lines: list[str]
    first_line: int
    delimiter: str | None
    decimal_comma: bool
    shift: int = 0  # columns that rows have before the first named one
    width: int = 0  # fields of an ordinary row

    def sample(self, rows: int = 200) -> list[list[str]]:
        """Return the fields of complete rows from the middle of the file."""
        whole = []
        begin = max(0, (len(self.lines) - rows) // 2)
        for line in self.lines[begin : begin + 4 * rows]:
            fields = self._fields(line)
            if len(fields) >= self.width and self._plain(fields) != self._plain(self.names):
                whole.append([field.strip() for field in fields[self.shift :]])
                if len(whole) == rows:
                    break
        return whole

    def numbers(
        self,
        columns: Sequence[int],
        left_out: SkippedRows,
        parsers: dict[int, Parse] | None = None,
        may_lack: Collection[int] = (),
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return (n, len(columns)) finite numbers and the line number of each row.

        `parsers` read columns that are not plain numbers and raise `ValueError` on other text;
        empty fields of the columns `may_lack` are NaN. All other rows are added to `left_out`.
        """
        parsers = dict(parsers or {})
        for column in may_lack:
            parsers[column] = _number_or_nothing
        parts: list[NDArray[np.float64]] = []
        numbers: list[NDArray[np.int64]] = []
        for begin in range(0, len(self.lines), _CHUNK):
            chunk = self.lines[begin : begin + _CHUNK]
            values, rows = self._chunk(chunk, self.first_line + begin, columns, left_out, parsers)
            parts.append(values)
            numbers.append(rows)
        if not parts:
            return np.empty((0, len(columns))), np.empty(0, np.int64)
        return np.concatenate(parts), np.concatenate(numbers)

    def distinct(self, column: int, most: int) -> list[str]:
        """Return the different texts of a column in their order, `most` and one more at most."""
        found: dict[str, None] = {}
        for line in self.lines:
            fields = self._fields(line)
            if len(fields) != self.width or self._plain(fields) == self._plain(self.names):
                continue
            text = fields[column + self.shift].strip(' "')
            if text.lower() not in _NOTHING:
                found[text] = None
                if len(found) > most:
                    break
        return list(found)

    def _chunk(
        self,
        chunk: list[str],
        first: int,
        columns: Sequence[int],
        left_out: SkippedRows,
        parsers: dict[int, Parse],
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        if not any('"' in line for line in chunk):
            rows = [self._fields(line) for line in chunk]
            if all(len(row) == self.width for row in rows):
                cells = list(zip(*rows, strict=True))
                try:
                    values = np.array(
                        [list(map(parsers.get(c, float), cells[c + self.shift])) for c in columns]
                    ).T
                except (ValueError, IndexError):
                    pass
                else:
                    if np.isfinite(values).all():
                        return values, np.arange(first, first + len(chunk))
        good: list[list[float]] = []
        numbers: list[int] = []
        for number, line in enumerate(chunk, first):
            if not line.strip():
                continue
            fields = self._fields(line)
            row = self._row(fields, line, number, columns, left_out, parsers)
            if row is not None:
                good.append(row)
                numbers.append(number)
        return np.array(good).reshape(-1, len(columns)), np.array(numbers, np.int64)

    def _row(
        self,
        fields: list[str],
        line: str,
        number: int,
        columns: Sequence[int],
        left_out: SkippedRows,
        parsers: dict[int, Parse],
    ) -> list[float] | None:
        if self._plain(fields) == self._plain(self.names):
            left_out.add("repeated header", number)
            return None
        if "\0" in line:
            left_out.add("NUL bytes", number)
            return None
        # Where rows end with a delimiter, some may lack it.
        if len(fields) <= max(columns) + self.shift:
            left_out.add("cut", number, line)
            return None
        if len(fields) > self.width and any(field.strip() for field in fields[self.width :]):
            left_out.add("too long", number, line)
            return None
        row = []
        for column in columns:
            text = fields[column + self.shift].strip()
            try:
                value = parsers.get(column, _number)(text)
            except ValueError:
                kind = "empty" if text.lower() in _NOTHING else "not a number"
                left_out.add(kind, number, line)
                return None
            lacks = math.isnan(value) and parsers.get(column) is _number_or_nothing
            if not math.isfinite(value) and not lacks:
                left_out.add("not finite", number, line)
                return None
            row.append(value)
        return row

    def _fields(self, line: str) -> list[str]:
        if '"' in line:
            fields = split_quoted(line, self.delimiter or " ")
            if self.decimal_comma:
                return [field.replace(",", ".") for field in fields]
            return fields
        if self.decimal_comma:
            line = line.replace(",", ".")
        return line.split(self.delimiter)

    @staticmethod
    def _plain(fields: Sequence[str]) -> list[str]:
        return [field.strip(' "').replace(",", ".") for field in fields]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        # A decimal comma inside quotes.
        return float(text.replace(",", ".", 1))


def _number_or_nothing(text: str) -> float:
    return math.nan if text.lower() in _NOTHING else _number(text)


def read_text(path: Path, head: bool = False) -> tuple[str, bool]:
    """Return the file's text (or its first lines) and whether a tail of NUL bytes was cut off."""
    with path.open("rb") as file:
        data = file.read(_HEAD_BYTES) if head else file.read()
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace"), False
    start = data[:200]
    if len(start) > 8 and 0 not in start[0::2] and not any(start[1::2]):
        return data.decode("utf-16-le", errors="replace"), False
    if len(start) > 8 and 0 not in start[1::2] and not any(start[0::2]):
        return data.decode("utf-16-be", errors="replace"), False
    stripped = data.rstrip(b"\0")
    nul = len(stripped) < len(data)
    try:
        return stripped.decode("utf-8"), nul
    except UnicodeDecodeError as error:
        if head and error.start > len(stripped) - 4:  # the head may end within a character
            return stripped.decode("utf-8", errors="ignore"), nul
        return stripped.decode(legacy_encoding(stripped), errors="replace"), nul


def split_lines(text: str) -> list[str]:
    """Return the lines; only CR and LF end one, so that numbers are those of an editor.

    Minus signs and decimal separators of other languages become `-` and `.`.
    """
    if not text.isascii():
        text = text.translate(_SIGNS)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.split("\n")


def split_quoted(line: str, delimiter: str) -> list[str]:
    """Return the fields of a line in which some may be quoted."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        # A quote that never ends makes the rest of the line one field, longer than csv reads.
        return line.split(delimiter)


def find_header(lines: Sequence[str], accepts: Callable[[Sequence[str]], bool]) -> Header | None:
    """Return index, delimiter and names of the first line that `accepts` as a header."""
    for index, line in enumerate(lines[:_HEADER_LINES]):
        text = line.strip("\0 \r").lstrip("#\ufeff").strip(" ")
        for delimiter in (*(d for d in _DELIMITERS if text.count(d) >= 2), None):
            if delimiter is None and any(d in text for d in _DELIMITERS):
                continue
            fields = split_quoted(text, delimiter) if delimiter else text.split()
            names = tuple(field.strip(' "\t') for field in fields)
            if len(names) >= 3 and accepts(names):
                return index, delimiter, names
    return None


def table_of(lines: list[str], header: Header, left_out: SkippedRows, nul: bool) -> DelimitedTable:
    """Return the rows below `header`, without trailing empty lines."""
    index, delimiter, names = header
    rows = lines[index + 1 :]
    while rows and not rows[-1].strip():
        rows.pop()
    if nul:
        left_out.add("NUL bytes", index + 1 + len(rows))
    start = [row for row in rows[:200] if row.strip()]
    comma = bool(
        delimiter != ","
        and start
        and sum(bool(_DECIMAL_COMMA.search(row)) for row in start) * 2 > len(start)
    )
    blank = sum(not row.strip() for row in rows)
    if blank and blank < 0.4 * len(rows):  # more are due to the line endings
        number = next(i for i, row in enumerate(rows) if not row.strip()) + index + 2
        left_out.add("blank", number, count=blank)
    probe = DelimitedTable(names, rows, index + 2, delimiter, comma)
    widths = Counter(len(probe._fields(row)) for row in start)
    width = widths.most_common(1)[0][0] if widths else len(names)
    if widths[len(names)] > 0.25 * len(start):
        width = len(names)
    # R writes row names without a name in the header.
    shift = 0
    if width == len(names) + 1 and all(probe._fields(row)[-1].strip() for row in start[:20]):
        shift = 1
    return DelimitedTable(names, rows, index + 2, delimiter, comma, shift, width)
