"""Small text tables of metadata that recorders write beside their sensors' files."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING

from models.recordings.imports.motion.delimited_table import read_text, split_lines
from models.recordings.protocol import RecordingError

if TYPE_CHECKING:
    from pathlib import Path

_DELIMITERS = ",;\t"


def read_side_table(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Return the rows below the header with their line numbers, by lower-case column name.

    Commas, semicolons or tabs; empty for an empty file. Raises `RecordingError` if the file cannot
    be read.
    """
    try:
        text, _ = read_text(path)
        lines = split_lines(text)
        delimiter = max(_DELIMITERS, key=lines[0].count)
        reader = csv.reader(lines, delimiter=delimiter)
        header = [name.strip().lower() for name in next(reader, [])]
        return [
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
