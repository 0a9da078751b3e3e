"""Reads the numbers of a CSV file and leaves out the rows that hold none, counted in a report.

`models.recordings.imports.motion` reads recordings; data sets besides have columns that are
neither, and rows whose fields say NULL, which must not cost the recording.
"""

from __future__ import annotations

import csv
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.recordings.report import SetReport

_ROWS = 8_192  # lines parsed at once, as long as all of them are good
_NOTHING = ("", "null", "nan", "none")


def read_numbers(
    path: Path, columns: Sequence[str], report: SetReport, may_lack: Sequence[str] = ()
) -> NDArray[np.float64] | None:
    """Return the rows (n, len(columns)) of `columns`, or None if the file cannot be used.

    A field of `may_lack` that is empty or NULL is NaN; any other field that is no finite number
    makes its row malformed, which `report` names and counts.
    """
    report.read_again(path)
    if not path.is_file():
        report.missing(path)
        return None
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header = [name.strip() for name in next(csv.reader([file.readline()]), [])]
            lacking = [name for name in columns if name not in header]
            if lacking:
                report.skip(path, f"has no column {', '.join(lacking)}")
                return None
            order = [header.index(name) for name in columns]
            free = np.array([name in may_lack for name in columns])
            parts, first = [], 1
            while block := list(islice(file, _ROWS)):
                parts.append(_parse(block, order, free, first, path, report))
                first += len(block)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        report.skip(path, str(error))
        return None
    rows = np.concatenate(parts) if parts else np.empty((0, len(columns)))
    if not len(rows):
        report.skip(path, "holds no rows")
        return None
    return rows


def _parse(
    block: list[str],
    order: Sequence[int],
    free: NDArray[np.bool_],
    first: int,
    path: Path,
    report: SetReport,
) -> NDArray[np.float64]:
    try:
        values = np.loadtxt(
            block, delimiter=",", usecols=order, ndmin=2, comments=None, quotechar='"'
        )
        if len(values) == len(block) and np.isfinite(values).all():
            return values
    except (ValueError, IndexError):
        pass
    good = []
    for number, fields in enumerate(csv.reader(block), first):
        if not fields:
            continue
        row = np.full(len(order), np.nan)
        for place, column in enumerate(order):
            text = fields[column].strip() if column < len(fields) else None
            if text is None:
                report.bad_row(path, number, f"has {len(fields)} fields; expected {max(order) + 1}")
                break
            if free[place] and text.lower() in _NOTHING:
                continue
            try:
                row[place] = float(text)
            except ValueError:
                row[place] = np.nan
            if not np.isfinite(row[place]):
                report.bad_row(path, number, f"{text!r} is no finite number")
                break
        else:
            good.append(row)
    return np.array(good).reshape(-1, len(order))
