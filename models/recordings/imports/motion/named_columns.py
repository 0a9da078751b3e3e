"""Columns of a delimited file by name, for data sets with a fixed layout."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from models.recordings.imports.motion.delimited_table import (
    find_header,
    read_text,
    split_lines,
    table_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from models.recordings.report import SetReport

NumberedLines: TypeAlias = "tuple[NDArray[np.float64], NDArray[np.int64]]"


def read_columns(
    path: Path, columns: Sequence[str], report: SetReport, may_lack: Sequence[str] = ()
) -> NumberedLines | None:
    """Return the rows (n, len(columns)) of `columns` and their lines (n,), None if unusable.

    A field of `may_lack` that is empty or NULL is NaN; with any other field that is not a finite
    number the row is skipped, and noted in `report`.
    """
    report.read_again(path)
    if not path.is_file():
        report.missing(path)
        return None
    try:
        text, nul = read_text(path)
    except OSError as error:
        report.skip(path, str(error))
        return None
    lines = split_lines(text)
    header = find_header(lines, lambda names: set(columns) <= set(names))
    if header is None:
        first = [name.strip(' "') for name in lines[0].split(",")]
        lacking = [name for name in columns if name not in first]
        report.skip(path, f"has no column {', '.join(lacking)}")
        return None
    left_out = report.left_out(path)
    table = table_of(lines, header, left_out, nul)
    order = [table.names.index(name) for name in columns]
    free = [table.names.index(name) for name in may_lack]
    rows, numbers = table.numbers(order, left_out, may_lack=free)
    if not len(rows):
        report.skip(path, "holds no rows")
        return None
    return rows, numbers
