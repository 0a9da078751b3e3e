"""Small text tables of metadata that recorders write beside their sensors' files."""

from __future__ import annotations

import csv
import math
import re
from typing import TYPE_CHECKING

from models.recordings.imports.motion.delimited_table import read_text, split_lines
from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from pathlib import Path

_DELIMITERS = ",;\t"
# The first line of a table that is written for Excel in any language.
_SAID_DELIMITER = re.compile(r'^"?sep=([,;\t])"?\s*$', re.IGNORECASE)


def read_side_table(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Return the rows below the header with their line numbers, by lower-case column name.

    Commas, semicolons or tabs; empty for an empty file. Raises `RecordingError` if the file cannot
    be read.
    """
    return read_table_and_header(path)[1]


def read_table_and_header(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Return the names of the columns, none of an empty file, and what `read_side_table` does."""
    try:
        text, _ = read_text(path)
        lines = split_lines(text)
        said = _SAID_DELIMITER.match(lines[0])
        delimiter = said[1] if said else max(_DELIMITERS, key=lines[0].count)
        reader = csv.reader(lines, delimiter=delimiter)
        if said:
            next(reader)
        header = [name.strip().lower() for name in next(reader, [])]
        return [name for name in header if name], [
            (reader.line_num, dict(zip(header, (field.strip() for field in row), strict=False)))
            for row in reader
            if any(field.strip() for field in row)
        ]
    except (OSError, csv.Error) as error:
        raise RecordingError(f"cannot be read: {error}") from error


def number(text: str | None) -> float | None:
    """Return a field's finite number, with a decimal comma or point; None for anything else."""
    try:
        value = float((text or "").replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
