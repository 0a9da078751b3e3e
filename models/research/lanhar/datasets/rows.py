"""Rows of numbers in a text file; malformed ones are skipped and counted."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.recordings.report import SetReport

_AT_ONCE = 8_192  # lines parsed at once, if all of them are valid


@dataclass(frozen=True)
class NumberedRows:
    """Valid rows: their `number` in the file (from 0), `values` (n, k) and one text each."""

    number: NDArray[np.int64]
    values: NDArray[np.float64]
    text: NDArray[np.str_]


def read_rows(
    path: Path,
    columns: Sequence[int],
    report: SetReport,
    *,
    delimiter: str | None = None,
    skip: int = 0,
    text: int | None = None,
    may_lack: Sequence[int] = (),
) -> NumberedRows | None:
    """Read `columns` of every line after `skip`, and the word in column `text`.

    Columns of `may_lack` may be NaN. Returns None, with the reason in `report`, for a file that
    cannot be read or has no valid row. `delimiter` None is any white space.
    """
    report.read_again(path)
    if not path.is_file():
        report.missing(path)
        return None
    free = np.array([column in may_lack for column in columns])
    parts: list[tuple[NDArray[np.int64], NDArray[np.float64], list[str]]] = []
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            for _ in islice(file, skip):
                pass
            first = 0
            while lines := list(islice(file, _AT_ONCE)):
                parts.append(
                    _parse(lines, columns, free, delimiter, text, first, skip, path, report)
                )
                first += len(lines)
    except OSError as error:
        report.skip(path, str(error))
        return None
    number = np.concatenate([part[0] for part in parts]) if parts else np.empty(0, np.int64)
    if not len(number):
        report.skip(path, "holds no rows")
        return None
    words = [word for part in parts for word in part[2]]
    return NumberedRows(
        number, np.concatenate([p[1] for p in parts]), np.array(words, dtype=np.str_)
    )


def _parse(
    lines: list[str],
    columns: Sequence[int],
    free: NDArray[np.bool_],
    delimiter: str | None,
    text: int | None,
    first: int,
    skip: int,
    path: Path,
    report: SetReport,
) -> tuple[NDArray[np.int64], NDArray[np.float64], list[str]]:
    if text is None:
        try:
            values = np.loadtxt(lines, delimiter=delimiter, usecols=columns, ndmin=2, comments=None)
            if len(values) == len(lines) and np.isfinite(values[:, ~free]).all():
                return np.arange(first, first + len(lines)), values, [""] * len(lines)
        except (ValueError, IndexError):
            pass
    numbers, rows, words = [], [], []
    least = max(*columns, -1 if text is None else text) + 1
    for number, line in enumerate(lines, first):
        fields = line.strip("\r\n").split(delimiter)
        if not line.strip():
            continue
        if len(fields) < least:
            report.bad_row(path, skip + number + 1, "cut", line.strip())
            continue
        row = [_number(fields[column]) for column in columns]
        bad = [
            fields[column]
            for column, value, lacks in zip(columns, row, free, strict=True)
            if not (np.isfinite(value) or lacks)
        ]
        if bad:
            report.bad_row(path, skip + number + 1, _kind(bad[0]), line.strip())
            continue
        numbers.append(number)
        rows.append(row)
        words.append("" if text is None else fields[text].strip())
    values = np.array(rows, np.float64).reshape(-1, len(columns))
    return np.array(numbers, np.int64), values, words


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _kind(text: str) -> str:
    try:
        float(text)
    except ValueError:
        return "not a number" if text.strip() else "empty"
    return "not finite"
